//! Records for which the answer has no room go back to their stream a bounded number of times, or fail.
use super::made_up;

use bytes::Bytes;
use edge::lambda::Invocation;
use edge::put_records::{Entry, InMemorySink, SinkFault};
use edge::store::InMemoryStore;
use made_up::{Answered, crime_row, event, read_answer, record, stream_record};
use record_model::{Schema, hop};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use transform::{Failures, Reingest, Transform, TransformSettings};

const RECORDS: u64 = 400;
/// Room for some of the records' documents only, but for each of them as it came.
const LIMIT_BYTES: usize = 140_000;

struct Outcome {
    answers: Vec<Answered>,
    put_back: Vec<Entry>,
    connections: usize,
}

impl Outcome {
    fn count(&self, result: &str) -> usize {
        self.answers.iter().filter(|answer| answer.result == result).count()
    }
}

async fn handle(stream: Option<&str>, sink: InMemorySink, records: &[Value]) -> Outcome {
    let settings = TransformSettings {
        answer_limit_bytes: LIMIT_BYTES,
        reingest_stream: stream.map(str::to_owned),
        max_hops: 2,
        ..TransformSettings::for_schema("crime")
    };
    let (sink, connections) = (Arc::new(sink), Arc::new(AtomicUsize::new(0)));
    let reingest = {
        let (sink, connections) = (Arc::clone(&sink), Arc::clone(&connections));
        Reingest::new(move || {
            connections.fetch_add(1, Ordering::Relaxed);
            Arc::clone(&sink)
        })
    };
    let failures: Option<Failures<InMemoryStore>> = None;
    let transform =
        Transform::new(Schema::built_in("crime").unwrap(), &settings, reingest, failures).unwrap();
    let invocation = Invocation {
        body: Bytes::from(event(records)),
        request_id: "req".to_owned(),
        deadline: SystemTime::now() + Duration::from_secs(4),
        function_arn: String::new(),
        trace_id: None,
        cold_start: true,
    };
    let answer = transform.handle(invocation).await.unwrap();
    assert!(answer.len() <= LIMIT_BYTES, "{} bytes", answer.len());
    Outcome {
        answers: read_answer(&answer),
        put_back: sink.stored().into_iter().flatten().collect(),
        connections: connections.load(Ordering::Relaxed),
    }
}

fn rows() -> Vec<Value> {
    (0..RECORDS).map(|number| stream_record(&number.to_string(), &crime_row(number))).collect()
}

#[tokio::test]
async fn what_has_no_room_goes_back_under_its_own_key_and_is_dropped() {
    let records = rows();
    let outcome = handle(Some("crime"), InMemorySink::with_shards(2), &records).await;
    let (ok, dropped) = (outcome.count("Ok"), outcome.count("Dropped"));
    assert!(ok > 0 && dropped > 0 && ok + dropped == records.len(), "{ok} and {dropped}");
    assert_eq!((outcome.put_back.len(), outcome.connections), (dropped, 1));
    for (number, answer) in (0..).zip(&outcome.answers).filter(|(_, answer)| answer.result == "Dropped") {
        let mut frame = Vec::new();
        hop::write(1, &crime_row(number), &mut frame).unwrap();
        let key = format!("key-of-{}", answer.id);
        assert!(outcome.put_back.iter().any(|entry| entry.partition_key == key && entry.data == frame));
    }
}

#[tokio::test]
async fn what_the_stream_refuses_is_failed_and_never_lost() {
    let sink = InMemorySink::with_shards(1);
    sink.set_faults(|_| Some(SinkFault::Fatal));
    let outcome = handle(Some("crime"), sink, &rows()).await;
    assert_eq!((outcome.put_back.len(), outcome.count("Dropped")), (0, 0));
    assert!(outcome.count("ProcessingFailed") > 0);
}

#[tokio::test]
async fn a_record_that_went_back_often_enough_is_failed() {
    let framed = |hops, number| {
        let mut frame = Vec::new();
        hop::write(hops, &crime_row(number), &mut frame).unwrap();
        stream_record(&number.to_string(), &frame)
    };
    let records: Vec<_> = (0..RECORDS).map(|number| framed(2, number)).collect();
    let outcome = handle(Some("crime"), InMemorySink::with_shards(1), &records).await;
    assert!(outcome.count("Ok") > 0, "a framed record is typed like any other");
    assert_eq!((outcome.put_back.len(), outcome.connections), (0, 0));

    let records: Vec<_> = (0..RECORDS).map(|number| framed(1, number)).collect();
    let outcome = handle(Some("crime"), InMemorySink::with_shards(1), &records).await;
    assert!(outcome.put_back.iter().all(|entry| entry.data[5] == 2) && !outcome.put_back.is_empty());
}

#[tokio::test]
async fn without_a_stream_or_with_direct_put_it_is_failed_and_no_client_is_made() {
    let outcome = handle(None, InMemorySink::with_shards(1), &rows()).await;
    assert!(outcome.count("ProcessingFailed") > 0 && outcome.connections == 0);
    let records: Vec<_> =
        (0..RECORDS).map(|number| record(&number.to_string(), &crime_row(number))).collect();
    let outcome = handle(Some("crime"), InMemorySink::with_shards(1), &records).await;
    assert!(outcome.count("ProcessingFailed") > 0 && outcome.connections == 0);
}
