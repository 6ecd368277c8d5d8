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
        /// The page of the run, where there is one.
        page_url: Option<String>,
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

/// Warnings that are known, so that one of the same is left out.
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
        let is_known = match &progress {
            Progress::Warning { message } => self.is_known(message),
            _ => false,
        };
        if !is_known {
            self.hand_on(progress);
        }
    }

    /// Whether a warning of this was told before.
    fn is_known(&self, what: &str) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = warned.contains(what);
        if !is_known && warned.len() < MAX_WARNED {
            warned.insert(what.to_owned());
        }
        is_known
    }

    fn hand_on(&self, progress: Progress) {
        if self.sender.try_send(progress).is_err() {
            tracing::debug!("a progress event is left out");
        }
    }
}

impl Observer for ProgressSender {
    fn on(&self, event: Event) {
        // A batch that fails as another did is in the report's sums, however many records it has and of whichever shard.
        let same = match &event {
            Event::Retried { mapping, reason, .. } => Some(format!("again {mapping} {reason}")),
            Event::Discarded { mapping, condition, kept, .. } => {
                Some(format!("not {mapping} {} {}", condition.as_str(), kept.is_some()))
            }
            _ => None,
        };
        if same.is_some_and(|same| self.is_known(&same)) {
            return;
        }
        if let Some(message) = warning_of(&event) {
            self.send(Progress::Warning { message });
        }
    }
}

/// What a person is warned of by an event, on one line; none by most.
pub(crate) fn warning_of(event: &Event) -> Option<String> {
    Some(match event {
        Event::Warning { message } | Event::Damaged { message, .. } => message.clone(),
        Event::AsynchronousFailure { reason, .. } => reason.clone(),
        Event::Retried { mapping, shard, records, reason, .. } => {
            format!("{mapping} is invoked again with {records} records of {shard}: {reason}")
        }
        Event::Discarded { mapping, shard, records, condition, kept, .. } => {
            let lost = if kept.is_some() { "" } else { "; without an on-failure destination they are lost" };
            format!("{mapping} did not take {records} records of {shard}: {}{lost}", condition.as_str())
        }
        Event::Fenced { service, function } => {
            let who =
                function.as_ref().map_or_else(|| "a client".to_owned(), |name| format!("function {name}"));
            format!("{who} called {service}, which does not run here: it was answered 501 on this machine")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retried(records: u64, shard: &str, reason: &str) -> Event {
        Event::Retried {
            mapping: "F/S".into(),
            stream: "S".into(),
            shard: shard.into(),
            records,
            attempts: 1,
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn what_fails_again_for_the_same_reason_is_told_once_whatever_its_size_and_shard() {
        let (sender, mut receiver) = ProgressSender::channel();
        for event in [retried(9, "a", "slow"), retried(4, "a", "slow"), retried(9, "b", "slow")] {
            sender.on(event);
        }
        sender.on(retried(9, "a", "gone"));
        drop(sender);
        let told: Vec<_> = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
        let message = |reason| format!("F/S is invoked again with 9 records of a: {reason}");
        assert_eq!(told, ["slow", "gone"].map(|reason| Progress::Warning { message: message(reason) }));
    }
}
