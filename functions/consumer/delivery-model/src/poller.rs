//! The event source mapping's own lane, with the records of one shard as small numbers.

use local::event_source::{Action, Input, Lane, LaneRecord, LaneSettings, Moment, Outcome};

use super::records::Records;
use super::world::Bounds;

/// A record by its sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Number(u32);

impl LaneRecord for Number {
    fn arrived_at(&self) -> Moment {
        0
    }

    fn event_bytes(&self) -> usize {
        1
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Poller {
    lane: Lane<Number>,
    /// Everything of its lane before this number was read.
    next: u32,
    /// What the lane wants to invoke the function with.
    call: Option<Records>,
    /// When the lane wants to try again.
    wake: Option<Moment>,
    pub(crate) running: Option<usize>,
    pub(crate) acknowledged: Records,
    /// Each batch that was given up, in the order in which it was.
    pub(crate) given_up: Vec<Records>,
    /// What the lane has is one of those.
    pub(crate) is_redriving: bool,
}

impl Poller {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        let settings = LaneSettings {
            batch_size: 8,
            batching_window: std::time::Duration::ZERO,
            maximum_retry_attempts: bounds.tries.map(|tries| tries - 1),
            maximum_record_age: None,
            bisect_on_error: bounds.bisect,
            tumbling_window: None,
        };
        Self {
            lane: Lane::new(settings),
            next: 0,
            call: None,
            wake: None,
            running: None,
            acknowledged: Records::NONE,
            given_up: Vec::new(),
            is_redriving: false,
        }
    }

    /// Everything that was given up and is not acknowledged.
    pub(crate) fn given_up(&self) -> Records {
        self.given_up.iter().fold(Records::NONE, |all, batch| all.or(*batch))
    }

    /// Takes records out of the batches that were given up.
    fn forget_given_up(&mut self, records: Records) {
        let left = self.given_up.iter().map(|batch| batch.minus(records));
        self.given_up = left.filter(|batch| !batch.is_empty()).collect();
    }

    /// Nothing that was read is left to deliver.
    pub(crate) fn is_idle(&self) -> bool {
        self.lane.is_idle()
    }

    pub(crate) fn unread(&self, lane: Records) -> Records {
        if self.is_idle() { lane.from(self.next) } else { Records::NONE }
    }

    /// Reads records, which are a batch since nothing else waits.
    pub(crate) fn read(&mut self, batch: Records) {
        self.next = batch.end();
        self.is_redriving = false;
        self.step(0, Input::Records(numbers(batch)));
    }

    /// What the function is invoked with now, after the pause if there is one.
    pub(crate) fn invoke(&mut self) -> Option<Records> {
        if let Some(wake) = self.wake.take() {
            self.step(wake, Input::Woke);
        }
        self.call
    }

    /// The answer names the first failed record.
    pub(crate) fn answered(&mut self, first_failed: u32) {
        let Some(call) = self.call.take() else { return };
        let rest = call.from(first_failed);
        let done = usize::try_from(call.minus(rest).len()).unwrap();
        let outcome = if rest.is_empty() { Outcome::Done } else { Outcome::FailedFrom(done) };
        self.running = None;
        self.step(0, Input::Answered(outcome.into()));
    }

    pub(crate) fn failed(&mut self) {
        self.running = None;
        self.call = None;
        self.step(0, Input::Answered(Outcome::Failed.into()));
    }

    /// A later redrive: one batch that was given up is a batch again. It stays given up until it is acknowledged.
    pub(crate) fn redrive(&mut self, batch: usize) {
        self.is_redriving = true;
        self.step(0, Input::Records(numbers(self.given_up[batch])));
    }

    /// No time passes but in the pauses: when something happens is the search's to choose.
    fn step(&mut self, now: Moment, input: Input<Number>) {
        let mut actions = Vec::new();
        self.lane.step(now, input, &mut actions);
        self.wake = None;
        for action in actions {
            match action {
                Action::Invoke(call) => self.call = Some(set(&call.records)),
                Action::WakeAt(at) => self.wake = Some(at),
                Action::Acknowledge(records) => {
                    self.acknowledged = self.acknowledged.or(set(&records));
                    self.forget_given_up(set(&records));
                }
                Action::GiveUp(given_up) => {
                    self.forget_given_up(set(&given_up.records));
                    self.given_up.push(set(&given_up.records));
                }
                Action::Checkpoint(_) | Action::Retry { .. } | Action::WindowLost | Action::Done => {}
            }
        }
    }
}

fn numbers(records: Records) -> Vec<Number> {
    (0..8).filter(|number| records.0 & (1 << number) != 0).map(Number).collect()
}

fn set(records: &[Number]) -> Records {
    Records(records.iter().fold(0, |set, number| set | 1 << number.0))
}
