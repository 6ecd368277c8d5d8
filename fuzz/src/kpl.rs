//! Any bytes as an aggregate, and any lines as user records: what is written is read back.

use crate::inputs::sealed;
use record_model::kpl::{Aggregator, Checked, Draft, user_records};
use record_model::{Content, Decoder, Limits};

const LIMIT: usize = 1_000;

/// Checks the law on one input, and panics where it does not hold.
pub fn law(data: &[u8]) {
    assert_eq!(Checked::new(data).data(), data);
    foreign(&sealed(data));
    let records: Vec<&[u8]> = data.split(|byte| *byte == b'\n').chain([data]).collect();
    round_trip(&records, usize::MAX >> 1);
    round_trip(&records, 64 + usize::from(data.first().copied().unwrap_or_default()));
}

/// An aggregate nobody here wrote: what is read of it is written and read again the same.
fn foreign(aggregate: &[u8]) {
    let Ok(Some(read)) = user_records(aggregate, LIMIT) else { return };
    assert!(read.len() <= LIMIT);
    let keyed: Option<Vec<(&str, &[u8])>> = read.iter().map(|(key, data)| Some(((*key)?, *data))).collect();
    // A lone record is written without an aggregate around it.
    let Some(keyed) = keyed.filter(|keyed| keyed.len() > 1) else { return };
    let mut aggregator = Aggregator::new(usize::MAX >> 1);
    for (partition_key, data) in keyed {
        assert!(aggregator.push(&Draft { partition_key, explicit_hash_key: None, data }));
    }
    let again = aggregator.finish().expect("records were pushed").data;
    assert_eq!(user_records(&again, LIMIT), Ok(Some(read)));
}

/// Each record's keys are its first bytes.
fn round_trip(records: &[&[u8]], max_record_bytes: usize) {
    let keyed: Vec<(String, Option<String>, &[u8])> = records
        .iter()
        .map(|data| {
            let key = String::from_utf8_lossy(data.get(..3).unwrap_or_default()).into_owned();
            let hash_key = data.first().filter(|byte| **byte < 128).map(u8::to_string);
            (key, hash_key, *data)
        })
        .collect();
    let mut aggregator = Aggregator::new(max_record_bytes);
    let mut begun = 0;
    for (index, (partition_key, hash_key, data)) in keyed.iter().enumerate() {
        let draft = Draft { partition_key, explicit_hash_key: hash_key.as_deref(), data };
        if !aggregator.push(&draft) {
            read_back(&mut aggregator, &keyed[begun..index], max_record_bytes);
            begun = index;
            // What does not fit an empty aggregate travels by itself.
            if !aggregator.push(&draft) {
                begun += 1;
            }
        }
    }
    read_back(&mut aggregator, &keyed[begun..], max_record_bytes);
}

fn read_back(
    aggregator: &mut Aggregator,
    keyed: &[(String, Option<String>, &[u8])],
    max_record_bytes: usize,
) {
    assert_eq!(aggregator.user_records(), keyed.len());
    let Some(aggregated) = aggregator.finish() else { return };
    assert!(aggregated.data.len() + aggregated.partition_key.len() <= max_record_bytes);
    assert_eq!((&aggregated.partition_key, &aggregated.explicit_hash_key), (&keyed[0].0, &keyed[0].1));
    if let [(_, _, data)] = keyed
        && aggregated.data == *data
    {
        return;
    }
    let mut left = keyed.iter();
    let limits = Limits { sub_records: usize::MAX, depth: 1, ..Limits::default() };
    let visited = Decoder::new(limits).decode(&aggregated.data, &mut |record| {
        let (partition_key, hash_key, data) = left.next().expect("no more than were pushed");
        assert_eq!(record.partition_key, Some(partition_key.as_str()));
        assert_eq!(record.explicit_hash_key, hash_key.as_deref());
        if let Ok(Content::Payload(payload)) = record.content {
            assert_eq!(payload, *data);
        }
    });
    assert_eq!((visited, left.len()), (Ok(()), 0));
}
