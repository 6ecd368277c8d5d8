//! The reasons for which the transform refused records. Firehose does not keep them with its failures, so they are
//! found by a record's payload and arrival time.

use std::collections::HashMap;
use std::future::ready;
use std::pin::pin;

use edge::store::{ObjectStore as _, StoreError, list_all};
use futures::TryStreamExt as _;
use record_model::keys::hash_key;
use record_model::layout::ReasonsKey;
use record_model::put_aside::{Origin, PutAside};

use super::item::{Record, Why};
use super::look::AT_ONCE;
use crate::failed;
use crate::place::Bucket;

/// The reasons in a bucket for which no failure was found yet. They take about 100 bytes for each record.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    by_record: HashMap<(u128, i64), Vec<Refused>>,
    /// Each different reason once, with the stream of its records.
    known: Vec<(Why, String)>,
    indices: HashMap<(Why, String), usize>,
}

/// One record that the transform refused.
#[derive(Debug)]
struct Refused {
    reason: usize,
    partition_key: Box<str>,
    sequence_number: Box<str>,
    sub_sequence_number: Option<u64>,
}

impl Reasons {
    /// Reads all reasons in a bucket.
    pub(crate) async fn of(bucket: &Bucket) -> Result<Self, StoreError> {
        let mut reasons = Self::default();
        let objects = list_all(&bucket.store, "failed/")
            .try_filter(|listed| ready(ReasonsKey::parse(&listed.key).is_some()))
            .map_ok(|listed| async move {
                Ok::<_, StoreError>((bucket.store.get(&listed.key).await?, listed.key))
            });
        let mut read = pin!(objects.try_buffered(AT_ONCE));
        while let Some((object, key)) = read.try_next().await? {
            let (Some(object), Some(key)) = (object, ReasonsKey::parse(&key)) else { continue };
            for line in failed::put_aside(&object.body).unwrap_or_default() {
                reasons.add(key.data_set, line);
            }
        }
        Ok(reasons)
    }

    fn add(&mut self, data_set: &str, line: PutAside<'_>) {
        let Origin::Stream {
            stream, partition_key, arrived_at_ms, sequence_number, sub_sequence_number, ..
        } = line.origin
        else {
            return;
        };
        let reason = (Why::of(line.reason), stream.into_owned());
        let next = self.known.len();
        let index = *self.indices.entry(reason.clone()).or_insert(next);
        if index == next {
            self.known.push(reason);
        }
        let refused = Refused {
            reason: index,
            partition_key: partition_key.into(),
            sequence_number: sequence_number.into(),
            sub_sequence_number,
        };
        self.by_record
            .entry((hash(data_set, &line.payload_base64), arrived_at_ms))
            .or_default()
            .push(refused);
    }

    /// Takes the reason of a record out. If several equal records arrived at one moment, each gets a reason of its own.
    pub(crate) fn take(&mut self, data_set: &str, at_ms: i64, payload: &str) -> Option<(Why, Record)> {
        let refused = self.by_record.get_mut(&(hash(data_set, payload), at_ms))?.pop()?;
        let (why, stream) = self.known.get(refused.reason).cloned()?;
        let record = Record {
            stream,
            sequence_number: refused.sequence_number.into(),
            sub_sequence_number: refused.sub_sequence_number,
            partition_key: refused.partition_key.into(),
            payload_base64: String::new(),
        };
        Some((why, record))
    }

    /// The number of records that the transform refused and for which no failure was found.
    pub(crate) fn left(&self) -> usize {
        self.by_record.values().map(Vec::len).sum()
    }
}

fn hash(data_set: &str, payload: &str) -> u128 {
    hash_key(payload) ^ hash_key(data_set)
}

#[cfg(test)]
mod tests {
    use record_model::put_aside::Reason;

    use super::*;

    fn refused(at_ms: i64) -> PutAside<'static> {
        PutAside {
            origin: Origin::Stream {
                stream: "s".into(),
                shard_id: "".into(),
                sequence_number: "".into(),
                sub_sequence_number: None,
                partition_key: "k".into(),
                arrived_at_ms: at_ms,
                record_id: None,
            },
            reason: Reason { kind: "a".into(), field: None, message: "m".into() },
            payload_base64: "YQ==".into(),
        }
    }

    #[test]
    fn each_of_two_equal_records_has_a_reason_of_its_own_and_other_records_have_none() {
        let mut reasons = Reasons::default();
        reasons.add("crime", refused(5));
        reasons.add("crime", refused(5));
        assert!(reasons.take("crime", 6, "YQ==").is_none());
        assert!(reasons.take("users", 5, "YQ==").is_none());
        for _ in 0..2 {
            let (why, record) = reasons.take("crime", 5, "YQ==").unwrap();
            assert_eq!(
                (why.kind.as_str(), record.stream.as_str(), record.partition_key.as_str()),
                ("a", "s", "k")
            );
        }
        assert!(reasons.take("crime", 5, "YQ==").is_none());
        assert_eq!(reasons.left(), 0);
    }
}
