//! The aggregate writer: what it writes is read back, fits, and is what the format says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use proptest::prelude::*;
use record_model::{
    Content, Decoder, Limits, UserRecord,
    kpl::{Aggregated, Aggregator, Draft},
};

type Row = (Option<String>, Option<String>, Vec<u8>);

fn read(data: &[u8]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut visit = |record: UserRecord<'_>| {
        let Ok(Content::Payload(data)) = record.content else { panic!("{record:?}") };
        let owned = |key: Option<&str>| key.map(ToOwned::to_owned);
        rows.push((owned(record.partition_key), owned(record.explicit_hash_key), data.to_vec()));
    };
    Decoder::new(Limits::default()).decode(data, &mut visit).unwrap();
    rows
}

fn draft<'a>(partition_key: &'a str, data: &'a [u8]) -> Draft<'a> {
    Draft { partition_key, explicit_hash_key: None, data }
}

/// All aggregates of a list of user records, in order; what fits no aggregate is left out.
fn aggregates(user_records: &[Row], max_record_bytes: usize) -> Vec<Aggregated> {
    let mut aggregator = Aggregator::new(max_record_bytes);
    let mut finished = Vec::new();
    for (partition_key, explicit_hash_key, data) in user_records {
        let (partition_key, explicit_hash_key) =
            (partition_key.as_deref().unwrap(), explicit_hash_key.as_deref());
        let draft = Draft { partition_key, explicit_hash_key, data };
        if !aggregator.push(&draft) {
            finished.extend(aggregator.finish());
            let _too_large_for_any = aggregator.push(&draft);
        }
    }
    finished.extend(aggregator.finish());
    finished
}

fn user_record() -> impl Strategy<Value = Row> {
    let data = prop::collection::vec(any::<u8>(), 0..60).prop_map(|mut data| {
        data.insert(0, b'{'); // no magic of another form
        data
    });
    let key = prop_oneof!["[a-c]", "\\PC{1,20}"];
    (key.prop_map(Some), prop::option::of("0|[1-9][0-9]{0,37}"), data)
}

proptest! {
    #[test]
    fn what_is_written_is_read_in_order_and_fits(
        user_records in prop::collection::vec(user_record(), 1..60),
        max_record_bytes in 400_usize..2_000,
    ) {
        let mut read_back = Vec::new();
        for record in aggregates(&user_records, max_record_bytes) {
            prop_assert!(record.data.len() + record.partition_key.len() <= max_record_bytes);
            let mut rows = read(&record.data);
            prop_assert_eq!(rows.len(), record.user_records);
            if record.user_records == 1 {
                rows[0].0 = Some(record.partition_key.clone());
                rows[0].1 = record.explicit_hash_key.clone();
            }
            prop_assert_eq!(rows[0].0.as_ref(), Some(&record.partition_key));
            prop_assert_eq!(&rows[0].1, &record.explicit_hash_key);
            read_back.extend(rows);
        }
        prop_assert_eq!(read_back, user_records);
    }
}

#[test]
fn the_aggregate_is_the_documented_bytes() {
    let mut aggregator = Aggregator::new(1_000);
    assert!(aggregator.push(&draft("a", b"x")));
    assert!(aggregator.push(&Draft { partition_key: "a", explicit_hash_key: Some("7"), data: b"" }));
    let data = aggregator.finish().unwrap().data;
    let message = [
        &[0x0A, 1, b'a'][..],                  // partition key table
        &[0x12, 1, b'7'],                      // explicit hash key table
        &[0x1A, 5, 0x08, 0, 0x1A, 1, b'x'],    // partition key 0, data
        &[0x1A, 6, 0x08, 0, 0x10, 0, 0x1A, 0], // partition key 0, explicit hash key 0, data
    ]
    .concat();
    assert_eq!(data[..4], [0xF3, 0x89, 0x9A, 0xC2]);
    assert_eq!(data[4..data.len() - 16], message);
    assert_eq!(data.len(), 4 + message.len() + 16);
}

#[test]
fn a_user_record_alone_is_sent_as_it_is() {
    let mut aggregator = Aggregator::new(1_000);
    assert!(aggregator.push(&draft("key", b"alone")));
    let record = aggregator.finish().unwrap();
    assert_eq!((record.data.as_slice(), record.user_records), (&b"alone"[..], 1));
    assert_eq!(aggregator.finish(), None);
}

#[test]
fn a_user_record_alone_that_looks_like_an_aggregate_is_wrapped() {
    let mut inner = Aggregator::new(1_000);
    assert!(inner.push(&draft("a", b"1")) && inner.push(&draft("a", b"2")));
    let inner = inner.finish().unwrap().data;
    let mut aggregator = Aggregator::new(1_000);
    assert!(aggregator.push(&draft("key", &inner)));
    let record = aggregator.finish().unwrap();
    assert_eq!(read(&record.data), [(Some("key".to_owned()), None, inner)]);
}

#[test]
fn the_size_is_used_up_to_the_last_byte() {
    let overhead = 4 + 3 + (1 + 1 + 2 + 2) + 16 + 1; // magic, table, record, MD5, the partition key once more
    let data = [b'x'; 50];
    assert!(Aggregator::new(overhead + 50).push(&draft("k", &data)));
    assert!(!Aggregator::new(overhead + 49).push(&draft("k", &data)));
}

#[test]
fn a_user_record_that_does_not_fit_leaves_the_aggregate_as_it_was() {
    let mut aggregator = Aggregator::new(100);
    assert!(aggregator.push(&draft("a", b"one")));
    assert!(!aggregator.push(&draft("b", &[b'x'; 90])));
    assert!(aggregator.push(&draft("c", b"two")));
    let rows = read(&aggregator.finish().unwrap().data);
    let row = |key: &str, data: &[u8]| (Some(key.to_owned()), None, data.to_vec());
    assert_eq!(rows, [row("a", b"one"), row("c", b"two")]);
}
