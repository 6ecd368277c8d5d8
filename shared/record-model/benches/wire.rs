//! Records of every form in which they travel, opened; and aggregates written.
//!
//! `cargo bench -p record-model --bench wire`; made-up crime rows of about 120 bytes. Bytes a second are those of the
//! record as it arrives.

#![expect(clippy::expect_used, reason = "a bench has nobody to hand an error to")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use record_model::compress::{Gzip, Zstd};
use record_model::kpl::{Aggregator, Draft};
use record_model::{Content, Decoder, Limits, RecordContext, Schema, chunk, keys, made_up};

/// Made-up rows, the same each time.
fn rows(count: u64) -> Vec<Vec<u8>> {
    let schema = Schema::built_in("crime").expect("a built-in schema");
    let context = RecordContext { ingested_at_ms: 1_767_323_045_000, ..RecordContext::default() };
    let row = |index| {
        let mut row = Vec::new();
        made_up::write(&schema, 7, index, &context, &mut row);
        row
    };
    (0..count).map(row).collect()
}

/// An aggregate of these records, with ten keys in turn.
fn aggregate(records: &[Vec<u8>]) -> Vec<u8> {
    let mut aggregator = Aggregator::new(10 << 20);
    for (number, data) in records.iter().enumerate() {
        let partition_key = format!("key-{}", number % 10);
        assert!(
            aggregator.push(&Draft { partition_key: &partition_key, explicit_hash_key: None, data }),
            "the record fits"
        );
    }
    aggregator.finish().expect("records were pushed").data
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Gzip::new(6).write(data, None, &mut out).expect("there is room");
    out
}

fn zstd(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Zstd::new(3).write(data, None, &mut out).expect("there is room");
    out
}

/// A piece of a message of 1 MB, the rows in it.
fn chunk_of(rows: &[Vec<u8>]) -> Vec<u8> {
    let message = rows.concat();
    let mut out = Vec::new();
    let mut chunks = chunk::split(&message, 1, 256 << 10).expect("there is room for a piece");
    chunks.next().expect("a message has a piece").write(&mut out);
    out
}

/// Records as they arrive, by what they are.
fn batches() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let hundred = rows(100);
    vec![
        ("100 plain rows", hundred.clone()),
        ("100 rows, gzip each", hundred.iter().map(|row| gzip(row)).collect()),
        ("100 rows, zstd each", hundred.iter().map(|row| zstd(row)).collect()),
        ("1000 rows in one gzip", vec![gzip(&rows(1000).concat())]),
        ("1000 rows in one zstd", vec![zstd(&rows(1000).concat())]),
        ("KPL, 100 aggregates of 100", vec![aggregate(&hundred); 100]),
        ("KPL, 10 aggregates of 1000", vec![aggregate(&rows(1000)); 10]),
        ("a chunk of 256 KiB", vec![chunk_of(&rows(10_000))]),
    ]
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for (name, records) in batches() {
        let bytes = records.iter().map(|record| record.len() as u64).sum();
        group.throughput(Throughput::Bytes(bytes));
        let mut decoder = Decoder::new(Limits::default());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                decoder.start_batch();
                records.iter().map(|record| content_bytes(&mut decoder, black_box(record))).sum::<usize>()
            });
        });
    }
    group.finish();
}

fn content_bytes(decoder: &mut Decoder, record: &[u8]) -> usize {
    let mut bytes = 0;
    let mut visit = |record: record_model::UserRecord<'_>| {
        bytes += match record.content.expect("a good record") {
            Content::Payload(payload) => payload.len(),
            Content::Chunk(chunk) => chunk.piece.len(),
        };
    };
    decoder.decode(record, &mut visit).expect("a good record");
    bytes
}

fn write_aggregate(criterion: &mut Criterion) {
    let rows = rows(1000);
    let mut group = criterion.benchmark_group("write");
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function("KPL, 1 aggregate of 1000", |bencher| bencher.iter(|| aggregate(black_box(&rows))));
    group.finish();
}

fn hash_key(criterion: &mut Criterion) {
    let partition_keys: Vec<String> = (0..1000).map(|number| format!("customer-{number:08}")).collect();
    let mut group = criterion.benchmark_group("keys");
    group.throughput(Throughput::Elements(partition_keys.len() as u64));
    group.bench_function("hash key of a partition key", |bencher| {
        bencher.iter(|| {
            partition_keys.iter().map(|key| keys::hash_key(black_box(key))).fold(0, u128::wrapping_add)
        });
    });
    group.finish();
}

criterion_group!(benches, decode, write_aggregate, hash_key);
criterion_main!(benches);
