//! What every stream does that takes records, whatever is behind it.

use std::collections::BTreeSet;

use record_model::keys::hash_key;

use crate::put_records::{
    Entry, EntryOutcome, MAX_ENTRIES, MAX_PARTITION_KEY_CHARS, MAX_REQUEST_BYTES, RecordSink, Refusal,
    ShardMap, SinkError,
};

/// Checks every rule on one stream, which is active, has two shards or more, and refuses nothing that it may take.
///
/// # Panics
/// Where a rule does not hold; the message says which.
pub async fn holds_for<K: RecordSink>(sink: &K) {
    the_open_shards_cover_every_key_once(sink).await;
    each_entry_has_its_outcome_in_the_order_sent(sink).await;
    an_explicit_hash_key_decides_the_shard(sink).await;
    what_is_within_the_limits_is_taken(sink).await;
    a_request_over_a_limit_is_refused_as_a_whole(sink).await;
}

/// Checks that the entries at these places alone are refused, where the stream is about to refuse them for now in the
/// next request.
///
/// # Panics
/// Where a rule does not hold; the message says which.
pub async fn refuses_only<K: RecordSink>(sink: &K, places: &[usize], why: Refusal) {
    let entries: Vec<Entry> = (0..10_u8).map(|n| Entry::new(format!("key {n}"), vec![n])).collect();
    let outcomes = sink.put(&entries).await.unwrap();
    assert_eq!(outcomes.len(), entries.len(), "one outcome for each entry");
    for (place, outcome) in outcomes.iter().enumerate() {
        match outcome {
            EntryOutcome::Refused(refusal) => {
                assert!(places.contains(&place), "entry {place} was refused");
                assert_eq!(*refusal, why, "entry {place}");
            }
            EntryOutcome::Accepted { .. } => assert!(!places.contains(&place), "entry {place} was taken"),
        }
    }
}

async fn shards<K: RecordSink>(sink: &K) -> ShardMap {
    sink.shards().await.unwrap()
}

/// The shards that entries landed in; none may be refused.
async fn put<K: RecordSink>(sink: &K, entries: &[Entry]) -> Vec<String> {
    let outcomes = sink.put(entries).await.unwrap();
    assert_eq!(outcomes.len(), entries.len(), "one outcome for each entry");
    let shard = |outcome| match outcome {
        EntryOutcome::Accepted { shard_id } => shard_id,
        EntryOutcome::Refused(refusal) => panic!("an entry was refused: {refusal:?}"),
    };
    outcomes.into_iter().map(shard).collect()
}

async fn the_open_shards_cover_every_key_once<K: RecordSink>(sink: &K) {
    let (map, summary) = (shards(sink).await, sink.summary().await.unwrap());
    let open = map.shards();
    assert!(open.len() >= 2, "the suite needs two shards");
    assert!(summary.takes_records);
    assert_eq!(summary.open_shards, open.len());
    assert_eq!((open[0].range.start, open[open.len() - 1].range.end), (0, u128::MAX));
    assert!(
        open.windows(2).all(|two| two[0].range.end.checked_add(1) == Some(two[1].range.start)),
        "{open:?}"
    );
    let ids: BTreeSet<&str> = open.iter().map(|shard| shard.id.as_str()).collect();
    assert_eq!(ids.len(), open.len(), "each shard has an id of its own");
}

async fn each_entry_has_its_outcome_in_the_order_sent<K: RecordSink>(sink: &K) {
    let map = shards(sink).await;
    let keys: Vec<String> = (0..100).map(|n| format!("clé {n}")).collect();
    let entries: Vec<Entry> = keys.iter().map(|key| Entry::new(key.as_str(), key.clone())).collect();
    let foreseen: Vec<_> = keys.iter().map(|key| map.id_of(hash_key(key)).unwrap().to_owned()).collect();
    assert_eq!(put(sink, &entries).await, foreseen);
    assert!(foreseen.iter().collect::<BTreeSet<_>>().len() > 1, "the keys were to fall on several shards");
}

async fn an_explicit_hash_key_decides_the_shard<K: RecordSink>(sink: &K) {
    let map = shards(sink).await;
    for shard in map.shards() {
        for hash_key in [shard.range.start, shard.range.end] {
            let entry = Entry { explicit_hash_key: Some(hash_key), ..Entry::new("one key", "x") };
            assert_eq!(put(sink, &[entry]).await, [shard.id.as_str()], "hash key {hash_key}");
        }
    }
}

async fn what_is_within_the_limits_is_taken<K: RecordSink>(sink: &K) {
    let longest_key = "é".repeat(MAX_PARTITION_KEY_CHARS);
    put(sink, &[Entry::new("k", ""), Entry::new(longest_key, "x")]).await;
    let max_record_bytes = sink.summary().await.unwrap().max_record_bytes;
    put(sink, &[Entry::new("k", vec![b'x'; max_record_bytes - 1])]).await;
    put(sink, &vec![Entry::new("k", "x"); MAX_ENTRIES]).await;
}

async fn a_request_over_a_limit_is_refused_as_a_whole<K: RecordSink>(sink: &K) {
    let max_record_bytes = sink.summary().await.unwrap().max_record_bytes;
    let full = Entry::new("k", vec![0; max_record_bytes - 1]);
    let too_much = vec![full; MAX_REQUEST_BYTES / max_record_bytes + 1];
    for (what, entries) in [
        ("no entry", Vec::new()),
        ("too many entries", vec![Entry::new("k", "x"); MAX_ENTRIES + 1]),
        ("too many bytes", too_much),
        ("a record too long", vec![Entry::new("k", "x"), Entry::new("k", vec![0; max_record_bytes])]),
        ("an empty key", vec![Entry::new("k", "x"), Entry::new("", "x")]),
        ("a key too long", vec![Entry::new("é".repeat(MAX_PARTITION_KEY_CHARS + 1), "x")]),
    ] {
        let refused = sink.put(&entries).await;
        assert!(matches!(refused, Err(SinkError::Invalid(_))), "{what}: {refused:?}");
    }
}
