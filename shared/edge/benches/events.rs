//! What reading an event costs: this crate's parsers against `aws_lambda_events`, on made-up events of 6 MB.

use aws_lambda_events::event::{firehose::KinesisFirehoseEvent, kinesis::KinesisEvent as TypedKinesisEvent};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edge::lambda::events::{FirehoseEvent, KinesisEvent};
use std::hint::black_box;

/// Lambda's limit on what a stream hands over, less the envelope.
const EVENT_BYTES: usize = 6 * 1024 * 1024 - 1024;

fn firehose_event(row_bytes: usize, from_stream: bool) -> String {
    let source =
        if from_stream { r#""sourceKinesisStreamArn":"arn:aws:kinesis:eu-west-1:1:stream/s","# } else { "" };
    let head =
        format!(r#"{{"invocationId":"i","deliveryStreamArn":"d","region":"eu-west-1",{source}"records":["#);
    let data = base64_simd::STANDARD.encode_to_string(vec![b'x'; row_bytes]);
    fill(head, |number| {
        let sequence = format!("49640000000000000000000000000000000000000000000000{number:06}");
        let metadata = format!(
            r#","kinesisRecordMetadata":{{"sequenceNumber":"{sequence}","subsequenceNumber":0,"partitionKey":"key-{number}","shardId":"shardId-000000000000","approximateArrivalTimestamp":1767323045000}}"#
        );
        let metadata = if from_stream { metadata.as_str() } else { "" };
        format!(
            r#"{{"recordId":"{sequence}000000","approximateArrivalTimestamp":1767323045000,"data":"{data}"{metadata}}}"#
        )
    })
}

fn kinesis_event(row_bytes: usize) -> String {
    let data = base64_simd::STANDARD.encode_to_string(vec![b'x'; row_bytes]);
    fill(r#"{"Records":["#.to_owned(), |number| {
        let sequence = format!("49640000000000000000000000000000000000000000000000{number:06}");
        format!(
            r#"{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":"key-{number}","sequenceNumber":"{sequence}","data":"{data}","approximateArrivalTimestamp":1767323045.125}},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:{sequence}","eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/r","awsRegion":"eu-west-1","eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/s"}}"#
        )
    })
}

fn fill(head: String, record: impl Fn(usize) -> String) -> String {
    let mut event = head;
    for number in 0.. {
        let record = record(number);
        if event.len() + record.len() > EVENT_BYTES {
            break;
        }
        let comma = if number == 0 { "" } else { "," };
        event = event + comma + &record;
    }
    event + "]}"
}

fn firehose(criterion: &mut Criterion) {
    for (name, from_stream, row_bytes) in [
        ("stream_130b", true, 130),
        ("put_130b", false, 130),
        ("put_70b", false, 70),
        ("put_1kb", false, 1024),
    ] {
        let event = firehose_event(row_bytes, from_stream);
        let mut group = criterion.benchmark_group(format!("firehose_event/{name}"));
        group.throughput(Throughput::Bytes(event.len() as u64)).sample_size(20);
        group.bench_function("scan", |bencher| {
            bencher
                .iter(|| FirehoseEvent::parse(black_box(event.as_bytes())).map(|event| event.records.len()));
        });
        let mut bytes = Vec::new();
        group.bench_function("scan_and_decode", |bencher| {
            bencher.iter(|| {
                let event = FirehoseEvent::parse(black_box(event.as_bytes()));
                for record in event.iter().flat_map(|event| &event.records) {
                    black_box(record.decode_into(&mut bytes).is_ok());
                }
            });
        });
        group.bench_function("aws_lambda_events", |bencher| {
            bencher.iter(|| serde_json::from_slice::<KinesisFirehoseEvent>(black_box(event.as_bytes())));
        });
    }
}

fn kinesis(criterion: &mut Criterion) {
    let event = kinesis_event(1024);
    let mut group = criterion.benchmark_group("kinesis_event/1kb");
    group.throughput(Throughput::Bytes(event.len() as u64)).sample_size(20);
    group.bench_function("scan", |bencher| {
        bencher.iter(|| KinesisEvent::parse(black_box(event.as_bytes())).map(|event| event.records.len()));
    });
    group.bench_function("aws_lambda_events", |bencher| {
        bencher.iter(|| serde_json::from_slice::<TypedKinesisEvent>(black_box(event.as_bytes())));
    });
}

criterion_group!(benches, firehose, kinesis);
criterion_main!(benches);
