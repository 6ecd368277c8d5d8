//! Counts what happens to every record, as it happens: a fold of the events of the machine that plays AWS.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::aws::clock::Moment;
use crate::aws::event::{Event, Name, Observer};

/// How many reasons are counted separately for one delivery stream. Further ones are counted together.
const MAX_REASONS: usize = 20;
/// The name under which records with further reasons are counted, once there are [`MAX_REASONS`].
const OTHER_REASONS: &str = "other reasons";

/// The counts of a run, in stream records unless a field says otherwise.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) streams: BTreeMap<Name, Put>,
    /// By mapping and stream: one function may have several streams.
    pub(crate) mappings: BTreeMap<(Name, Name), Taken>,
    pub(crate) deliveries: BTreeMap<Name, Delivered>,
    /// Asynchronous invocations that failed for good, by function.
    pub(crate) failed_invocations: BTreeMap<Name, FailedInvocations>,
    /// When each schedule fired last.
    pub(crate) fired: BTreeMap<Name, Moment>,
    /// What was found damaged, one line each.
    pub(crate) damages: Vec<String>,
    /// Services that functions asked and that do not run here.
    pub(crate) fenced: BTreeMap<String, u64>,
}

/// What a stream took.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) records: u64,
    /// How many user records are in them, since a record may be an aggregate of many.
    pub(crate) user_records: u64,
    pub(crate) bytes: u64,
}

/// What a mapping did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) acknowledged: u64,
    /// Given up, and kept in the on-failure destination.
    pub(crate) given_up: u64,
    /// Given up without a destination, as Lambda loses them.
    pub(crate) lost: u64,
    pub(crate) windows_lost: u64,
}

impl Taken {
    /// Records that the mapping is done with.
    pub(crate) fn ended(&self) -> u64 {
        self.acknowledged + self.given_up + self.lost
    }
}

/// What a delivery stream did, in user records.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the word of the field")]
pub(crate) struct Delivered {
    /// Stream records that it is done with.
    pub(crate) passed: u64,
    pub(crate) delivered: u64,
    /// Taken by an index.
    pub(crate) indexed: u64,
    pub(crate) dropped: u64,
    pub(crate) failed: u64,
    pub(crate) objects: u64,
    /// Failed records by reason.
    pub(crate) reasons: BTreeMap<String, u64>,
}

/// Asynchronous invocations of one function that failed for good.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct FailedInvocations {
    pub(crate) count: u64,
    /// The reason of the last one.
    pub(crate) reason: String,
}

/// The counts of a run at work.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    counts: Mutex<Counts>,
    /// How often a taker finished records.
    taken: watch::Sender<u64>,
}

impl Ledger {
    /// The counts as they are now.
    pub(crate) fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When the schedule fired last, if it did in this run.
    pub(crate) fn fired(&self, schedule: &str) -> Option<Moment> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).fired.get(schedule).copied()
    }

    /// Ends once no taker has finished a record for this long.
    pub(crate) async fn idle_for(&self, time: Duration) {
        let mut taken = self.taken.subscribe();
        while tokio::time::timeout(time, taken.changed()).await.is_ok() {}
    }
}

impl Observer for Ledger {
    fn on(&self, event: Event) {
        if matches!(event, Event::Acknowledged { .. } | Event::Discarded { .. } | Event::Passed { .. }) {
            self.taken.send_modify(|taken| *taken += 1);
        }
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).add(event);
    }
}

impl Counts {
    fn add(&mut self, event: Event) {
        match event {
            Event::Put { stream, records, user_records, bytes, .. } => {
                let put = self.streams.entry(stream).or_default();
                put.records += records;
                put.user_records += user_records;
                put.bytes += bytes;
            }
            Event::Acknowledged { mapping, stream, records, .. } => {
                self.mapping(mapping, stream).acknowledged += records;
            }
            Event::Discarded { mapping, stream, records, kept, .. } => {
                let taken = self.mapping(mapping, stream);
                *(if kept.is_some() { &mut taken.given_up } else { &mut taken.lost }) += records;
            }
            Event::WindowLost { mapping, stream, .. } => self.mapping(mapping, stream).windows_lost += 1,
            Event::Passed { delivery, records, .. } => self.delivery(delivery).passed += records,
            Event::Delivered { delivery, records, .. } => {
                let delivered = self.delivery(delivery);
                delivered.delivered += records;
                delivered.objects += 1;
            }
            Event::Indexed { delivery, records } => self.delivery(delivery).indexed += records,
            Event::Dropped { delivery, records } => self.delivery(delivery).dropped += records,
            Event::Failed { delivery, records, code, message, .. } => {
                self.delivery(delivery).fail(records, &code, &message);
            }
            Event::AsynchronousFailure { function, reason } => {
                let failed = self.failed_invocations.entry(function).or_default();
                failed.count += 1;
                failed.reason = reason;
            }
            Event::Fired { schedule, at, .. } => {
                self.fired.insert(schedule, at);
            }
            Event::Damaged { message, .. } => self.damages.push(message),
            Event::Fenced { service, .. } => *self.fenced.entry(service).or_default() += 1,
            Event::PutRefused { .. }
            | Event::InvocationStarted { .. }
            | Event::InvocationEnded { .. }
            | Event::Retried { .. }
            | Event::Buffered { .. }
            | Event::Stored { .. }
            | Event::Warning { .. } => {}
        }
    }

    fn mapping(&mut self, mapping: Name, stream: Name) -> &mut Taken {
        self.mappings.entry((mapping, stream)).or_default()
    }

    fn delivery(&mut self, delivery: Name) -> &mut Delivered {
        self.deliveries.entry(delivery).or_default()
    }
}

impl Delivered {
    fn fail(&mut self, records: u64, code: &str, message: &str) {
        self.failed += records;
        let mut reason = format!("{code}: {message}");
        if self.reasons.len() >= MAX_REASONS && !self.reasons.contains_key(&reason) {
            OTHER_REASONS.clone_into(&mut reason);
        }
        *self.reasons.entry(reason).or_default() += records;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::event::Condition;

    fn discarded(records: u64, kept: Option<&str>) -> Event {
        Event::Discarded {
            mapping: "F".into(),
            stream: "S".into(),
            shard: "0".into(),
            records,
            condition: Condition::TooOld,
            kept: kept.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn what_has_no_destination_is_lost_and_not_given_up() {
        let ledger = Ledger::default();
        ledger.on(discarded(3, Some("bucket/key")));
        ledger.on(discarded(2, None));
        let taken = ledger.counts().mappings[&("F".into(), "S".into())];
        assert_eq!((taken.given_up, taken.lost, taken.ended()), (3, 2, 5));
    }

    #[test]
    fn reasons_are_counted_and_their_number_is_bounded() {
        let ledger = Ledger::default();
        for number in 0..100 {
            ledger.on(Event::Failed {
                delivery: "D".into(),
                key: "failed/1".to_owned(),
                records: 2,
                code: "E".to_owned(),
                message: number.to_string(),
            });
        }
        let delivered = &ledger.counts().deliveries["D"];
        assert_eq!(delivered.failed, 200);
        assert_eq!(delivered.reasons.len(), MAX_REASONS + 1);
        assert_eq!(delivered.reasons[OTHER_REASONS], 200 - 2 * MAX_REASONS as u64);
    }
}
