//! What a transform costs and where: each stage on its own, a floor made by hand for one data set, the handler.
//!
//! The floor knows the crime rows at compile time and checks next to nothing; the handler interprets a schema,
//! opens compressed and aggregated records and keeps Firehose's limits.
#![allow(clippy::unwrap_used, reason = "a bench that can't be set up has nothing to measure")]

mod floor;

use base64_simd::STANDARD;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use edge::lambda::events::FirehoseEvent;
use record_model::{RecordContext, Schema, made_up};
use std::hint::black_box;
use transform::{Batch, Destination, TransformSettings};

const EVENT_BYTES: usize = 3 << 20;

fn transform(criterion: &mut Criterion) {
    for from_stream in [true, false] {
        let event = event(from_stream);
        let name = if from_stream { "stream" } else { "put" };
        let mut group = criterion.benchmark_group(format!("transform/{name}_3mib"));
        group.throughput(Throughput::Bytes(event.len() as u64)).sample_size(20);
        let rows = steps(&mut group, &event);
        group.bench_function("floor", |bencher| {
            bencher.iter(|| floor::answer(black_box(event.as_bytes())));
        });
        group.bench_function("parse_and_write_by_schema", |bencher| {
            let schema = Schema::built_in("crime").unwrap();
            let mut document = Vec::new();
            bencher.iter(|| {
                for row in &rows {
                    document.clear();
                    black_box(schema.write_typed_json(row, &RecordContext::default(), &mut document).is_ok());
                }
            });
        });
        group.bench_function("handler", |bencher| {
            let mut batch = Batch::new(Schema::built_in("crime").unwrap(), &settings()).unwrap();
            bencher.iter(|| {
                FirehoseEvent::parse(black_box(event.as_bytes()))
                    .map(|event| batch.answer(&event).bytes.len())
            });
        });
    }
}

/// The floor's steps one by one; gives the rows of the event.
fn steps(group: &mut BenchmarkGroup<'_, WallTime>, event: &str) -> Vec<Vec<u8>> {
    let records = FirehoseEvent::parse(event.as_bytes()).map(|event| event.records).unwrap_or_default();
    let mut rows: Vec<Vec<u8>> = vec![Vec::new(); records.len()];
    group.bench_function("1_scan", |bencher| {
        bencher.iter(|| FirehoseEvent::parse(black_box(event.as_bytes())).map(|event| event.records.len()));
    });
    group.bench_function("2_decode", |bencher| {
        bencher.iter(|| {
            for (record, row) in records.iter().zip(&mut rows) {
                black_box(record.decode_into(row).is_ok());
            }
        });
    });
    group.bench_function("3_parse", |bencher| {
        bencher.iter(|| rows.iter().filter(|row| black_box(floor::parse(row)).is_some()).count());
    });
    let parsed: Vec<_> = rows.iter().filter_map(|row| floor::parse(row)).collect();
    let mut documents: Vec<Vec<u8>> = vec![Vec::new(); parsed.len()];
    group.bench_function("4_write", |bencher| {
        bencher.iter(|| {
            for (row, document) in parsed.iter().zip(&mut documents) {
                document.clear();
                floor::write(row, document);
            }
        });
    });
    let mut answer = Vec::new();
    group.bench_function("5_encode", |bencher| {
        bencher.iter(|| {
            answer.clear();
            for document in &documents {
                STANDARD.encode_append(black_box(document), &mut answer);
            }
        });
    });
    rows
}

fn settings() -> TransformSettings {
    TransformSettings { destination: Destination::S3, ..TransformSettings::for_schema("crime") }
}

/// Made-up crime rows, as many as the event holds.
fn event(from_stream: bool) -> String {
    let schema = Schema::built_in("crime").unwrap();
    let source =
        if from_stream { r#""sourceKinesisStreamArn":"arn:aws:kinesis:eu-west-1:1:stream/s","# } else { "" };
    let mut event =
        format!(r#"{{"invocationId":"i","deliveryStreamArn":"d","region":"r",{source}"records":["#);
    let mut row = Vec::new();
    for number in 0.. {
        row.clear();
        made_up::write(&schema, 1, number, &RecordContext::default(), &mut row);
        let data = STANDARD.encode_to_string(&row);
        let record = record(number, &data, from_stream);
        if event.len() + record.len() > EVENT_BYTES {
            break;
        }
        event = event + if number == 0 { "" } else { "," } + &record;
    }
    event + "]}"
}

fn record(number: u64, data: &str, from_stream: bool) -> String {
    let sequence = format!("49640000000000000000000000000000000000000000000000{number:06}");
    let metadata = format!(
        r#","kinesisRecordMetadata":{{"sequenceNumber":"{sequence}","subsequenceNumber":0,"partitionKey":"key-{number}","shardId":"shardId-000000000000","approximateArrivalTimestamp":1767323045000}}"#
    );
    let metadata = if from_stream { metadata.as_str() } else { "" };
    format!(
        r#"{{"recordId":"{sequence}000000","approximateArrivalTimestamp":1767323045000,"data":"{data}"{metadata}}}"#
    )
}

criterion_group!(benches, transform);
criterion_main!(benches);
