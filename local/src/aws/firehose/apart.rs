//! A stream's records as a delivery stream takes them: aggregates apart, everything else as it is.

use std::sync::Arc;

use bytes::Bytes;
use edge::aws::kinesis_reader::ReadRecord;
use record_model::kpl;

use crate::pipeline::position::Position;

/// Most user records of one aggregate.
const MAX_SUB_RECORDS: usize = 100_000;

/// One record on its way to the transform or straight to the bucket.
#[derive(Debug, Clone)]
pub(super) struct SourceRecord {
    pub(super) position: Position,
    pub(super) shard_id: Arc<str>,
    pub(super) sequence_number: Arc<str>,
    pub(super) sub_sequence_number: u64,
    pub(super) partition_key: String,
    pub(super) arrived_at_ms: i64,
    pub(super) data: Bytes,
}

impl SourceRecord {
    /// The id the transform has to give back: unique in the stream.
    pub(super) fn record_id(&self) -> String {
        format!("{}{:06}", self.sequence_number, self.sub_sequence_number)
    }
}

/// The user records of one stream record.
pub(super) fn apart(stream: &str, shard_id: &Arc<str>, record: &ReadRecord) -> Vec<SourceRecord> {
    let sequence_number: Arc<str> = record.sequence_number.as_str().into();
    let source = |sub: Option<u64>, partition_key: &str, data: Bytes| SourceRecord {
        position: Position::of_record(stream, shard_id, &sequence_number, sub),
        shard_id: Arc::clone(shard_id),
        sequence_number: Arc::clone(&sequence_number),
        sub_sequence_number: sub.unwrap_or(0),
        partition_key: partition_key.to_owned(),
        arrived_at_ms: record.arrived_at_ms,
        data,
    };
    match kpl::user_records(&record.data, MAX_SUB_RECORDS) {
        Ok(Some(user_records)) => (0..)
            .zip(user_records)
            .map(|(sub, (key, data))| {
                source(Some(sub), key.unwrap_or(&record.partition_key), record.data.slice_ref(data))
            })
            .collect(),
        // What holds more than any aggregate is handed on as it is.
        Ok(None) | Err(_) => vec![source(None, &record.partition_key, record.data.clone())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record_model::kpl::{Aggregator, Draft};

    fn read(data: Vec<u8>) -> ReadRecord {
        ReadRecord {
            sequence_number: "495".to_owned(),
            partition_key: "k".to_owned(),
            data: data.into(),
            arrived_at_ms: 1,
        }
    }

    #[test]
    fn an_aggregate_is_taken_apart_and_nothing_is_opened() {
        let mut aggregator = Aggregator::new(1 << 20);
        for data in [b"one".as_slice(), b"\x1f\x8b not opened"] {
            assert!(aggregator.push(&Draft { partition_key: "inner", explicit_hash_key: None, data }));
        }
        let record = read(aggregator.finish().unwrap().data);
        let records = apart("S", &"shard".into(), &record);
        let ids: Vec<String> = records.iter().map(SourceRecord::record_id).collect();
        assert_eq!(ids, ["495000000", "495000001"]);
        assert_eq!(records[1].data.as_ref(), b"\x1f\x8b not opened");
        assert_eq!(records[1].partition_key, "inner");
        assert_eq!(records[1].position, Position::of_id("S:shard:495:1"));
    }

    #[test]
    fn an_ordinary_record_is_one_record() {
        let records = apart("S", &"shard".into(), &read(b"plain".to_vec()));
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].position, Position::of_id("S:shard:495:0"));
    }
}
