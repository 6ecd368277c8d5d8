//! A stream's records as a delivery stream takes them: KPL aggregates are taken apart, and everything else
//! stays unchanged.

use std::sync::Arc;

use bytes::Bytes;
use record_model::kpl;

use super::checkpoint::Origin;
use crate::aws::clock::Moment;
use crate::aws::stream::source::SourceRecord;

/// The most user records of one aggregate.
const MAX_SUB_RECORDS: usize = 100_000;
/// The memory of a user record besides its data, rounded up, so that many small records are counted too.
const RECORD_OVERHEAD_BYTES: usize = 256;

/// One record on its way to the transform, or directly to the bucket.
#[derive(Debug, Clone)]
pub(super) struct UserRecord {
    pub(super) origin: Origin,
    pub(super) shard_id: Arc<str>,
    pub(super) sequence_number: Arc<str>,
    pub(super) sub_sequence_number: u64,
    pub(super) partition_key: String,
    pub(super) arrived_at: Moment,
    pub(super) data: Bytes,
}

impl UserRecord {
    /// The id that the transform must return. It is unique in the stream.
    pub(super) fn record_id(&self) -> String {
        format!("{}{:06}", self.sequence_number, self.sub_sequence_number)
    }

    /// The most memory that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        self.data.len() + self.partition_key.len() + RECORD_OVERHEAD_BYTES
    }
}

/// The user records of one stream record. Firehose takes aggregates of the Kinesis Producer Library apart before it
/// invokes a function or delivers: <https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html>.
pub(super) fn apart(origin: Origin, shard_id: &Arc<str>, record: &SourceRecord) -> Vec<UserRecord> {
    let sequence_number: Arc<str> = record.sequence_number.as_str().into();
    let user_record = |sub_sequence_number: u64, partition_key: &str, data: Bytes| UserRecord {
        origin,
        shard_id: Arc::clone(shard_id),
        sequence_number: Arc::clone(&sequence_number),
        sub_sequence_number,
        partition_key: partition_key.to_owned(),
        arrived_at: record.arrived_at,
        data,
    };
    match kpl::user_records(&record.data, MAX_SUB_RECORDS) {
        Ok(Some(user_records)) => (0..)
            .zip(user_records)
            .map(|(sub, (key, data))| {
                user_record(sub, key.unwrap_or(&record.partition_key), record.data.slice_ref(data))
            })
            .collect(),
        // An aggregate with more records than any may have is passed on unchanged.
        Ok(None) | Err(_) => vec![user_record(0, &record.partition_key, record.data.clone())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record_model::kpl::{Aggregator, Draft};

    const ORIGIN: Origin = Origin { shard: 0, ordinal: 0 };

    fn read(data: Vec<u8>) -> SourceRecord {
        SourceRecord {
            sequence_number: "495".to_owned(),
            partition_key: "k".to_owned(),
            data: data.into(),
            arrived_at: 1,
        }
    }

    #[test]
    fn an_aggregate_is_taken_apart_and_nothing_is_opened() {
        let mut aggregator = Aggregator::new(1 << 20);
        for data in [b"one".as_slice(), b"\x1f\x8b not opened"] {
            assert!(aggregator.push(&Draft { partition_key: "inner", explicit_hash_key: None, data }));
        }
        let record = read(aggregator.finish().unwrap().data);
        let records = apart(ORIGIN, &"shard".into(), &record);
        let ids: Vec<String> = records.iter().map(UserRecord::record_id).collect();
        assert_eq!(ids, ["495000000", "495000001"]);
        assert_eq!(records[1].data.as_ref(), b"\x1f\x8b not opened");
        assert_eq!(records[1].partition_key, "inner");
    }

    #[test]
    fn an_ordinary_record_is_one_record() {
        let records = apart(ORIGIN, &"shard".into(), &read(b"plain".to_vec()));
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].record_id(), "495000000");
    }
}
