//! What a run tells while it goes on.

use tokio::sync::mpsc;

use crate::aws::event::{Event, Observer};

/// Something happened. Numbers are totals of the run, so a missed event costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Everything listens; clients may come.
    Ready {
        /// `AWS_ENDPOINT_URL_KINESIS` for a client.
        kinesis_url: String,
        /// `AWS_ENDPOINT_URL_S3` for a client.
        s3_url: String,
    },
    /// A producer answered.
    Produced {
        /// The data set.
        data_set: String,
        /// Records read from the source.
        read: u64,
        /// Records put on the stream.
        put: u64,
    },
    /// A consumer acknowledged a batch.
    Consumed {
        /// The data set.
        data_set: String,
        /// Records acknowledged.
        records: u64,
    },
    /// A delivery stream wrote an object.
    Delivered {
        /// The data set.
        data_set: String,
        /// The delivery stream.
        delivery: String,
        /// Records written, dropped or failed.
        records: u64,
    },
    /// Something failed and is tried again, or is kept elsewhere.
    Warning {
        /// One line.
        message: String,
    },
    /// Something a person may want to know, and nothing that went wrong.
    Note {
        /// One line.
        message: String,
    },
    /// The sources are at their end; windows and buffers are flushed.
    Draining,
    /// Every record put is looked for in what was written.
    Checking,
}

/// The run's end of the channel of events.
#[derive(Debug, Clone)]
pub(crate) struct ProgressSender(mpsc::Sender<Progress>);

/// Events that may wait for a slow listener; more are left out.
const MAX_WAITING: usize = 1024;

impl ProgressSender {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Progress>) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        (Self(sender), receiver)
    }

    pub(crate) fn send(&self, progress: Progress) {
        if self.0.try_send(progress).is_err() {
            tracing::debug!("a progress event is left out");
        }
    }
}

impl Observer for ProgressSender {
    fn on(&self, event: Event) {
        let message = match event {
            Event::Warning { message } => message,
            Event::AsynchronousFailure { reason, .. } => reason,
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
