//! What a run reports while it goes on.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::aws::event::{Event, Observer};
use crate::pipeline::status::DataSetStatus;

/// Something happened. Numbers are totals of the run, so a missed event costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// All endpoints listen, and clients may connect.
    Ready {
        /// `AWS_ENDPOINT_URL_KINESIS` for a client.
        kinesis_url: String,
        /// `AWS_ENDPOINT_URL_S3` for a client.
        s3_url: String,
    },
    /// The state of the data sets, several times a second while it changes.
    Status {
        /// Each data set of the template, by name.
        data_sets: Vec<DataSetStatus>,
    },
    /// Something failed, and is tried again or kept elsewhere.
    Warning {
        /// One line.
        message: String,
    },
    /// Something that the user may want to know, and that is not a failure.
    Note {
        /// One line.
        message: String,
    },
    /// The sources are at their end; windows and buffers are flushed.
    Draining,
    /// Every record that was put is looked for in what was written.
    Checking,
}

/// The run's end of the channel for these events.
#[derive(Debug, Clone)]
pub(crate) struct ProgressSender {
    sender: mpsc::Sender<Progress>,
    warned: Arc<Mutex<BTreeSet<String>>>,
}

/// How many warnings are remembered, so that an equal one is left out.
const MAX_WARNED: usize = 1000;

/// How many events may wait for a slow listener. Further ones are left out.
const MAX_WAITING: usize = 1024;

impl ProgressSender {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Progress>) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        (Self { sender, warned: Arc::default() }, receiver)
    }

    /// Sends an event. Each warning is sent once, since another failure for the same reason is no news.
    pub(crate) fn send(&self, progress: Progress) {
        if let Progress::Warning { message } = &progress {
            let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
            if warned.contains(message) {
                return;
            }
            if warned.len() < MAX_WARNED {
                warned.insert(message.clone());
            }
        }
        if self.sender.try_send(progress).is_err() {
            tracing::debug!("a progress event is left out");
        }
    }
}

impl Observer for ProgressSender {
    fn on(&self, event: Event) {
        let message = match event {
            Event::Warning { message } | Event::Damaged { message, .. } => message,
            Event::AsynchronousFailure { reason, .. } => reason,
            Event::Retried { mapping, shard, records, reason, .. } => {
                format!("{mapping} is invoked again with {records} records of {shard}: {reason}")
            }
            Event::Discarded { mapping, shard, records, condition, kept, .. } => {
                let lost =
                    if kept.is_some() { "" } else { "; without an on-failure destination they are lost" };
                format!("{mapping} did not take {records} records of {shard}: {}{lost}", condition.as_str())
            }
            Event::Fenced { service, function } => {
                let who = function.map_or_else(|| "a client".to_owned(), |name| format!("function {name}"));
                format!(
                    "{who} called {service}, which does not run here: it was answered 501 on this machine"
                )
            }
            _ => return,
        };
        self.send(Progress::Warning { message });
    }
}
