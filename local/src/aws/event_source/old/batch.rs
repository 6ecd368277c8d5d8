//! A batch in the making: how many records of a lane one event takes.

use super::event::EventRecord;
use super::window;
use crate::aws::lambda::MAX_EVENT_BYTES;

/// Room in an event for everything but its records: brackets, and the fields of a window with its state.
const ENVELOPE_BYTES: usize = 1 << 10;

/// Limits of one batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchLimits {
    pub(super) records: usize,
    /// Length of a tumbling window: a batch lies in one.
    pub(super) window_ms: Option<i64>,
    /// Bytes of window state the event has to carry.
    pub(super) state_bytes: usize,
}

/// Records of one event, in order.
#[derive(Debug)]
pub(super) struct Batch {
    limits: BatchLimits,
    records: Vec<EventRecord>,
    bytes: usize,
}

impl Batch {
    pub(super) fn new(limits: BatchLimits) -> Self {
        Self { limits, records: Vec::new(), bytes: ENVELOPE_BYTES + limits.state_bytes }
    }

    /// Whether this record may be the next of the batch. A first one always may.
    pub(super) fn takes(&self, record: &EventRecord) -> bool {
        let Some(first) = self.records.first() else { return true };
        let same_window = self.limits.window_ms.is_none_or(|length| {
            window::start_ms(first.arrived_at_ms, length) == window::start_ms(record.arrived_at_ms, length)
        });
        same_window && !self.is_full() && self.bytes + record.event_bytes() <= MAX_EVENT_BYTES
    }

    pub(super) fn push(&mut self, record: EventRecord) {
        self.bytes += record.event_bytes();
        self.records.push(record);
    }

    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= self.limits.records
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn into_records(self) -> Vec<EventRecord> {
        self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge::aws::kinesis_reader::ReadRecord;

    fn record(bytes: usize, arrived_at_ms: i64) -> EventRecord {
        let record = ReadRecord {
            sequence_number: "1".to_owned(),
            partition_key: "k".to_owned(),
            data: bytes::Bytes::from(vec![0; bytes]),
            arrived_at_ms,
        };
        EventRecord::new(&record, "s", "a").unwrap()
    }

    #[test]
    fn a_batch_ends_at_its_count() {
        let mut batch = Batch::new(BatchLimits { records: 2, window_ms: None, state_bytes: 0 });
        batch.push(record(1, 0));
        assert!(batch.takes(&record(1, 0)));
        batch.push(record(1, 0));
        assert!(batch.is_full() && !batch.takes(&record(1, 0)));
    }

    #[test]
    fn a_batch_ends_before_the_event_is_over_six_megabytes() {
        let mut batch = Batch::new(BatchLimits { records: 100, window_ms: None, state_bytes: 0 });
        let mut bytes = 0;
        while batch.takes(&record(1 << 20, 0)) {
            batch.push(record(1 << 20, 0));
            bytes += record(1 << 20, 0).event_bytes();
        }
        assert_eq!(batch.into_records().len(), 4);
        assert!(bytes <= MAX_EVENT_BYTES);
    }

    #[test]
    fn a_batch_lies_in_one_tumbling_window() {
        let mut batch = Batch::new(BatchLimits { records: 100, window_ms: Some(1000), state_bytes: 0 });
        batch.push(record(1, 1999));
        assert!(batch.takes(&record(1, 1000)));
        assert!(!batch.takes(&record(1, 2000)));
    }
}
