//! Decides where a failed record or batch is fed again, or why it is not.

use base64_simd::STANDARD;
use edge::put_records::Entry;
use record_model::chunk::Chunk;
use record_model::keys::hash_key;
use record_model::kpl;

use crate::failures::{By, Content, Item, Record};

/// The most user records of an aggregate that is examined.
const MAX_USER_RECORDS: usize = 100_000;

/// What is done with an item.
pub(super) enum Plan {
    /// It is put on a stream.
    Put { stream: String, entry: Entry },
    /// Its function is invoked with it.
    Invoke,
    /// It stays where it is.
    Leave(&'static str),
}

/// Decides what is done with an item. `to` is a stream that was named instead of the item's own.
pub(super) fn plan(item: &Item, to: Option<&str>) -> Plan {
    let record = match &item.content {
        Content::Batch(_) => return Plan::Invoke,
        Content::Record(record) => record,
    };
    if item.by == By::Delivery {
        return Plan::Leave(
            "its destination refused it after the transform: send the documents in the object to the destination",
        );
    }
    let stream = to.unwrap_or(&record.stream);
    if stream.is_empty() {
        return Plan::Leave("no stream is known for it: name one by --stream");
    }
    let Ok(payload) = STANDARD.decode_to_vec(record.payload_base64.as_bytes()) else {
        return Plan::Leave("its payload is not valid base64");
    };
    if let Some(reason) = stays(record, &payload) {
        return Plan::Leave(reason);
    }
    let entry = Entry::new(partition_key(item, record), payload);
    Plan::Put { stream: stream.to_owned(), entry }
}

fn stays(record: &Record, payload: &[u8]) -> Option<&'static str> {
    if Chunk::read(payload).is_ok() {
        return Some("it is a piece of a message that never became whole: put the message again");
    }
    let is_aggregate = matches!(kpl::user_records(payload, MAX_USER_RECORDS), Ok(Some(_)));
    (record.sub_sequence_number.is_some() && is_aggregate).then_some(
        "it is one record of an aggregate that is kept whole, whose other records are stored: put it alone",
    )
}

/// The record's own partition key. If it is not known, a key is made from the item's place, so that records are spread
/// over the shards.
fn partition_key(item: &Item, record: &Record) -> String {
    if record.partition_key.is_empty() {
        format!("{:032x}", hash_key(&item.at()))
    } else {
        record.partition_key.clone()
    }
}

#[cfg(test)]
mod tests {
    use record_model::chunk;
    use record_model::kpl::{Aggregator, Draft};

    use super::*;
    use crate::failures::Why;

    fn item(by: By, record: Record) -> Item {
        Item {
            place: "quarantine/x.json".to_owned(),
            line: None,
            by,
            data_set: "tweets".to_owned(),
            reason: Why::default(),
            records: 1,
            at_ms: 0,
            content: Content::Record(record),
        }
    }

    fn record(payload: &[u8], sub: Option<u64>) -> Record {
        Record {
            stream: "s".to_owned(),
            sub_sequence_number: sub,
            payload_base64: STANDARD.encode_to_string(payload),
            ..Record::default()
        }
    }

    #[test]
    fn a_record_goes_to_its_stream_or_the_named_one_with_its_key() {
        let known = Record { partition_key: "k".to_owned(), ..record(b"row", None) };
        match plan(&item(By::Consumer, known.clone()), None) {
            Plan::Put { stream, entry } => {
                assert_eq!(
                    (stream.as_str(), entry.partition_key.as_str(), &*entry.data),
                    ("s", "k", &b"row"[..])
                );
            }
            _ => panic!("it is put"),
        }
        assert!(
            matches!(plan(&item(By::Producer, known), Some("other")), Plan::Put { stream, .. } if stream == "other")
        );
        assert!(
            matches!(plan(&item(By::Put, record(b"row", None)), None), Plan::Put { entry, .. } if entry.partition_key.len() == 32)
        );
    }

    #[test]
    fn what_would_be_doubled_or_would_fail_again_stays_and_says_why() {
        let mut piece = Vec::new();
        chunk::split(b"a message", 7, chunk::OVERHEAD_BYTES + 3).unwrap().next().unwrap().write(&mut piece);
        let mut aggregator = Aggregator::new(1 << 20);
        for data in [b"a", b"b"] {
            assert!(aggregator.push(&Draft { partition_key: "k", explicit_hash_key: None, data }));
        }
        let aggregate = aggregator.finish().unwrap().data;
        let left = |by, record| matches!(plan(&item(by, record), None), Plan::Leave(_));
        assert!(left(By::Consumer, record(&piece, None)));
        assert!(left(By::Consumer, record(&aggregate, Some(0))));
        assert!(!left(By::Consumer, record(&aggregate, None)));
        assert!(left(By::Delivery, record(b"row", None)));
        assert!(left(By::Put, Record { stream: String::new(), ..record(b"row", None) }));
        assert!(left(By::Transform, Record { payload_base64: "no base64!".to_owned(), ..record(b"", None) }));
    }
}
