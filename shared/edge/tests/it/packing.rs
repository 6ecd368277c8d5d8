//! What the packer promises: every payload is in the entries once, whatever their form.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::collections::HashMap;
use std::sync::Arc;

use edge::put_records::{
    Compression, Entry, InMemorySink, KeyRule, PackError, Packer, Packing, PackingError, RecordSink, ShardMap,
};
use proptest::prelude::*;
use record_model::chunk::{Message, Reassembly};
use record_model::{Content, Decoder, Limits, Schema};

const RECORD_BYTES: usize = 4096;

fn shards(count: u32) -> Arc<ShardMap> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    Arc::new(runtime.block_on(InMemorySink::with_shards(count).shards()).unwrap())
}

fn pack(packing: Packing, shards: Arc<ShardMap>, payloads: &[Vec<u8>]) -> Vec<Entry> {
    let mut packer = Packer::new(packing, Schema::built_in("users").unwrap(), RECORD_BYTES).unwrap();
    let mut entries = Vec::new();
    packer.set_shards(shards, &mut entries);
    for (position, payload) in payloads.iter().enumerate() {
        packer.pack(payload, position as u64, &mut entries).unwrap();
    }
    packer.flush(&mut entries);
    assert_eq!(packer.oldest_position(), None);
    entries
}

/// The payloads a reader finds in entries, sorted.
fn unpack(entries: &[Entry]) -> Vec<Vec<u8>> {
    let mut decoder = Decoder::new(Limits::default());
    let mut messages: HashMap<Message, Reassembly> = HashMap::new();
    let mut payloads = Vec::new();
    for entry in entries {
        decoder.start_batch();
        let visit = &mut |record: record_model::UserRecord<'_>| match record.content.unwrap() {
            Content::Payload(payload) => payloads.push(payload.to_vec()),
            Content::Chunk(chunk) => {
                let fresh = || Reassembly::new(chunk.message, 1 << 24).unwrap();
                messages.entry(chunk.message).or_insert_with(fresh).add(&chunk).unwrap();
            }
        };
        decoder.decode(&entry.data, visit).unwrap();
    }
    payloads.extend(messages.into_values().map(|pieces| pieces.message().unwrap()));
    payloads.sort();
    payloads
}

/// Payloads as a stream has them: text, short and long, dense and repetitive.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-z|0-9]{1,300}".prop_map(String::into_bytes),
        1 => "[a-z]{4000,12000}".prop_map(String::into_bytes),
        1 => (1_usize..3000).prop_map(|length| vec![b'x'; length]),
    ]
}

fn packing() -> impl Strategy<Value = Packing> {
    let compression = prop_oneof![Just(Compression::None), Just(Compression::Gzip), Just(Compression::Zstd)];
    let key = prop_oneof![Just(KeyRule::Random), Just(KeyRule::Constant("all".into()))];
    (key, compression, any::<[bool; 2]>()).prop_map(|(key, compression, [aggregate, line_ends])| Packing {
        key,
        compression,
        aggregate,
        chunks: true,
        order_per_key: false,
        line_ends,
    })
}

proptest! {
    #[test]
    fn every_payload_is_read_back_once_in_every_form(
        packing in packing(),
        shard_count in 0_u32..5,
        payloads in prop::collection::vec(payload(), 0..60),
    ) {
        let map = if shard_count == 0 { Arc::default() } else { shards(shard_count) };
        let entries = pack(packing, map, &payloads);
        prop_assert!(entries.iter().all(|entry| entry.bytes() <= RECORD_BYTES));
        prop_assert_eq!(entries.iter().map(|entry| u64::from(entry.records)).sum::<u64>(), payloads.len() as u64);
        let mut expected = payloads;
        expected.sort();
        prop_assert_eq!(unpack(&entries), expected);
    }
}

#[test]
fn an_aggregate_holds_records_of_one_shard_and_goes_there() {
    let map = shards(4);
    let packing = Packing { aggregate: true, key: KeyRule::Field("first_name".into()), ..Packing::default() };
    let person = |n| {
        format!(r#"{{"first_name":"P{n}","last_name":"L","age":{},"gender":"other"}}"#, n % 100).into_bytes()
    };
    let payloads: Vec<_> = (0..2000).map(person).collect();
    let entries = pack(packing, Arc::clone(&map), &payloads);
    assert!(entries.len() * 20 < payloads.len(), "{} entries for {} records", entries.len(), payloads.len());
    let mut decoder = Decoder::new(Limits::default());
    for entry in &entries {
        let shard = map.id_of(entry.hash_key());
        decoder.start_batch();
        let visit = &mut |record: record_model::UserRecord<'_>| {
            let key = record.partition_key.unwrap_or(&entry.partition_key);
            assert_eq!(map.id_of(record_model::keys::hash_key(key)), shard);
        };
        decoder.decode(&entry.data, visit).unwrap();
    }
}

#[test]
fn random_keys_spread_aggregates_over_all_shards() {
    let map = shards(4);
    let payloads: Vec<_> = (0..20_000).map(|n: u32| format!("{n:0100}").into_bytes()).collect();
    let entries = pack(Packing { aggregate: true, ..Packing::default() }, Arc::clone(&map), &payloads);
    let mut records: HashMap<_, u32> = HashMap::new();
    for entry in &entries {
        *records.entry(map.id_of(entry.hash_key()).unwrap()).or_default() += entry.records;
    }
    assert_eq!(records.len(), 4);
    let fullest = f64::from(*records.values().max().unwrap());
    assert!(fullest / 5000.0 < 1.1, "the fullest shard has {fullest} of 20000");
}

#[test]
fn compression_is_kept_only_where_it_is_smaller() {
    let packing = Packing { compression: Compression::Gzip, ..Packing::default() };
    let entries = pack(packing, Arc::default(), &[b"short".to_vec(), vec![b'x'; 1000]]);
    assert_eq!(&entries[0].data[..], b"short");
    assert!(entries[1].data.starts_with(&[0x1F, 0x8B]) && entries[1].data.len() < 100);
}

#[test]
fn where_lines_end_every_record_is_compressed_however_short() {
    let packing =
        Packing { compression: Compression::Gzip, line_ends: true, chunks: true, ..Packing::default() };
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(3 * RECORD_BYTES).collect();
    let entries =
        pack(packing, Arc::default(), &[b"\n".to_vec(), b"short\n".to_vec(), vec![b'x'; 1000], noise]);
    assert!(entries.len() > 5);
    for entry in entries {
        assert!(entry.data.starts_with(&[0x1F, 0x8B]) && entry.bytes() <= RECORD_BYTES);
    }
}

#[test]
fn a_line_ends_inside_its_compression_where_that_is_asked_for() {
    for (line_ends, expected) in [(true, &b"a line\n"[..]), (false, b"a line")] {
        let packing = Packing { line_ends, ..Packing::default() };
        let packer = Packer::new(packing, Schema::built_in("users").unwrap(), 1000).unwrap();
        let mut payload = b"a line".to_vec();
        packer.end_line(&mut payload);
        assert_eq!(payload, expected);
    }
}

#[test]
fn a_record_over_the_limit_is_refused_where_it_may_not_be_cut() {
    let mut packer = Packer::new(Packing::default(), Schema::built_in("users").unwrap(), 100).unwrap();
    let mut entries = Vec::new();
    let refused = packer.pack(&[b'x'; 100], 0, &mut entries);
    assert!(matches!(refused, Err(PackError::TooLong { bytes: 116, limit: 100 })), "{refused:?}");
    assert_eq!(entries, []);
}

#[test]
fn the_oldest_position_is_that_of_the_oldest_record_in_an_open_aggregate() {
    let packing = Packing { aggregate: true, ..Packing::default() };
    let mut packer = Packer::new(packing, Schema::built_in("users").unwrap(), 1 << 20).unwrap();
    let mut entries = Vec::new();
    packer.set_shards(shards(4), &mut entries);
    for position in 7..20 {
        packer.pack(b"payload", position, &mut entries).unwrap();
    }
    assert_eq!((entries.len(), packer.oldest_position()), (0, Some(7)));
    // Other shards: what was collected for the old ones goes out.
    packer.set_shards(shards(2), &mut entries);
    assert_eq!(entries.iter().map(|entry| entry.records).sum::<u32>(), 13);
    assert_eq!(packer.oldest_position(), None);
}

#[test]
fn aggregation_and_order_per_key_exclude_each_other() {
    let packing = Packing { aggregate: true, order_per_key: true, ..Packing::default() };
    let refused = Packer::new(packing, Schema::built_in("users").unwrap(), 100).err();
    assert_eq!(refused, Some(PackingError::AggregateInOrder));
}
