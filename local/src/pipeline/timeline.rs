//! When what happened: a fold of the run's events in a bounded number of equal slots of time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use template::Topology;

use crate::aws::event::{Event, Name, Observer};

/// Slots that are kept at most; once they are full, two become one of twice the length.
const MAX_SLOTS: usize = 240;
/// Length of a slot at first.
const FIRST_SLOT: Duration = Duration::from_millis(25);

/// A stage that records pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The stream took them; in user records.
    OnStream,
    /// A consumer took them; in stream records.
    Consumed,
    /// A delivery stream wrote them after its transform.
    Typed,
    /// A delivery stream wrote them as they came.
    Raw,
    /// A delivery stream wrote them to its error prefix.
    Failed,
}

/// Records of a data set that passed a stage, over the time of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Series {
    /// Such as `crime`.
    pub data_set: String,
    /// The stage.
    pub stage: Stage,
    /// Records in each slot of time, from the run's start.
    pub counts: Vec<u64>,
}

/// The series of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// Length of a slot in milliseconds.
    pub slot_ms: u64,
    /// One for each data set and stage that had records.
    pub series: Vec<Series>,
}

/// What an event is counted under: a stage before its data set is known, and the name of the stream or delivery stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    OnStream,
    Consumed,
    Delivered,
    Failed,
}

/// The slots of a run at work.
#[derive(Debug)]
pub(crate) struct Slots {
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    slot: Duration,
    rows: BTreeMap<(Counted, Name), Vec<u64>>,
}

impl Slots {
    /// Begins now.
    pub(crate) fn begin() -> Self {
        let state = State { slot: FIRST_SLOT, rows: BTreeMap::new() };
        Self { begun: Instant::now(), state: Mutex::new(state) }
    }

    /// The series, by data set.
    pub(crate) fn timeline(&self, topology: &Topology, data_set_of: impl Fn(&str) -> String) -> Timeline {
        let counted = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut series: BTreeMap<(String, Stage), Vec<u64>> = BTreeMap::new();
        for ((what, name), counts) in &counted.rows {
            let delivery = topology.deliveries.iter().find(|delivery| delivery.name == **name);
            let of_delivery =
                delivery.map(|delivery| (delivery.stream.as_str(), delivery.processing.is_some()));
            let (stream, stage) = match (what, of_delivery) {
                (Counted::OnStream, _) => (&**name, Stage::OnStream),
                (Counted::Consumed, _) => (&**name, Stage::Consumed),
                (Counted::Delivered, Some((stream, true))) => (stream, Stage::Typed),
                (Counted::Delivered, Some((stream, false))) => (stream, Stage::Raw),
                (Counted::Failed, Some((stream, _))) => (stream, Stage::Failed),
                (_, None) => continue,
            };
            let sum = series.entry((data_set_of(stream), stage)).or_default();
            sum.resize(sum.len().max(counts.len()), 0);
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        let series = series.into_iter().map(|((data_set, stage), counts)| Series { data_set, stage, counts });
        let slot_ms = u64::try_from(counted.slot.as_millis()).unwrap_or(u64::MAX);
        Timeline { slot_ms, series: series.collect() }
    }
}

impl Observer for Slots {
    fn on(&self, event: Event) {
        let (counted, name, records) = match event {
            Event::Put { stream, user_records, .. } => (Counted::OnStream, stream, user_records),
            Event::Acknowledged { stream, records, .. } => (Counted::Consumed, stream, records),
            Event::Delivered { delivery, records, .. } => (Counted::Delivered, delivery, records),
            Event::Failed { delivery, records, .. } => (Counted::Failed, delivery, records),
            _ => return,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.add((counted, name), records, self.begun.elapsed());
    }
}

impl State {
    fn add(&mut self, row: (Counted, Name), records: u64, at: Duration) {
        let mut slot = self.slot_of(at);
        while slot >= MAX_SLOTS {
            self.slot *= 2;
            self.rows.values_mut().for_each(|counts| {
                *counts = counts.chunks(2).map(|pair| pair.iter().sum()).collect();
            });
            slot = self.slot_of(at);
        }
        let counts = self.rows.entry(row).or_default();
        if counts.len() <= slot {
            counts.resize(slot + 1, 0);
        }
        if let Some(count) = counts.get_mut(slot) {
            *count += records;
        }
    }

    fn slot_of(&self, at: Duration) -> usize {
        usize::try_from(at.as_nanos() / self.slot.as_nanos().max(1)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_record_is_lost_and_no_more_slots_are_kept_however_long_a_run_lasts(
            events in prop::collection::vec((0..100_000_000_u64, 1..1000_u64), 1..50),
        ) {
            let mut state = State { slot: FIRST_SLOT, rows: BTreeMap::new() };
            let row = || (Counted::OnStream, Name::from("S"));
            for (at, records) in &events {
                state.add(row(), *records, Duration::from_millis(*at));
            }
            let counts = &state.rows[&row()];
            prop_assert!(counts.len() <= MAX_SLOTS);
            prop_assert_eq!(counts.iter().sum::<u64>(), events.iter().map(|(_, records)| records).sum::<u64>());
            let last = events.iter().map(|(at, _)| *at).max().unwrap();
            let slot = u64::try_from(state.slot.as_millis()).unwrap();
            prop_assert!(counts.len() as u64 * slot > last);
        }
    }
}
