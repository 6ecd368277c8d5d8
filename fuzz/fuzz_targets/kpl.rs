//! Any bytes as an aggregate, and any lines as user records: what is written is read back, one by one or side by side.

#![no_main]

use libfuzzer_sys::fuzz_target;
use record_model::kpl::{Aggregator, Checked, Draft, user_records};

const LIMIT: usize = 10_000;

fuzz_target!(|data: &[u8]| {
    let _ = user_records(data, LIMIT);
    let records: Vec<&[u8]> = data.split(|byte| *byte == b'\n').chain([data]).collect();
    let one_by_one: Vec<Checked<'_>> = records.iter().map(|record| Checked::one(record)).collect();
    assert_eq!(Checked::all(&records), one_by_one);
    round_trip(&records);
});

/// Each record's key is its first bytes.
fn round_trip(records: &[&[u8]]) {
    let keyed: Vec<(String, &[u8])> = records
        .iter()
        .map(|data| (String::from_utf8_lossy(data.get(..3).unwrap_or_default()).into_owned(), *data))
        .collect();
    let mut aggregator = Aggregator::new(usize::MAX >> 1);
    for (partition_key, data) in &keyed {
        assert!(aggregator.push(&Draft { partition_key, explicit_hash_key: None, data }));
    }
    let aggregate = aggregator.finish().expect("records were pushed").data;
    let Some(read) = user_records(&aggregate, usize::MAX).expect("no limit") else {
        panic!("{} records did not become an aggregate", keyed.len());
    };
    let expected: Vec<(Option<&str>, &[u8])> = keyed.iter().map(|(key, data)| (Some(key.as_str()), *data)).collect();
    assert_eq!(read, expected);
}
