//! Files of every form are read to their end, or the error is reported.

use std::time::Duration;

use edge::put_records::SinkFault;
use edge::store::{Attributes, ObjectStore};
use serde_json::{Value, json};

use super::world::{World, csv_event, users_csv};

#[tokio::test]
async fn a_file_is_put_once_and_a_second_run_finds_nothing_new() {
    let world = World::with_file("people.csv", users_csv(2000, "\r")).await;
    let answer = world.invoke(&csv_event("people.csv")).await.unwrap();
    assert_eq!(answer["read"], 2000);
    assert_eq!(answer["put"], 2000);
    assert_eq!((&answer["quarantined"], &answer["done"]), (&json!(0), &json!(true)));
    assert_eq!(world.payloads().len(), 2000);
    let again = world.invoke(&csv_event("people.csv")).await.unwrap();
    assert_eq!((&again["read"], &again["done"]), (&json!(0), &json!(true)));
    assert_eq!(world.payloads().len(), 2000);
}

#[tokio::test]
async fn a_file_that_does_not_fit_in_one_run_is_gone_on_with_and_each_record_put_once() {
    let world = World::with_file("people.csv", users_csv(3000, "\r\n")).await;
    let mut event = csv_event("people.csv");
    event["records_per_s"] = json!(5000);
    let (mut runs, mut read) = (0, 0);
    loop {
        let time = Duration::from_millis(450);
        let answer = world.invoke_for(&event, time, &format!("request {runs}")).await.unwrap();
        runs += 1;
        read += answer["read"].as_u64().unwrap();
        if answer["done"] == true {
            break;
        }
        assert_eq!(answer["reason"], "deadline");
        assert!(runs < 50);
    }
    assert!(runs > 1, "the time was to be too short for one run");
    assert_eq!((read, world.payloads().len()), (3000, 3000));
}

#[tokio::test]
async fn a_row_that_is_no_record_is_kept_in_quarantine_once_and_the_rest_is_put() {
    let mut csv = users_csv(10, "\n");
    csv.push_str("Bad,Age,old,male\nNo,Columns\n");
    csv.push_str("Good,Person,5,male\n");
    let world = World::with_file("people.csv", csv).await;
    let answer = world.invoke(&csv_event("people.csv")).await.unwrap();
    assert_eq!(
        (&answer["read"], &answer["put"], &answer["quarantined"]),
        (&json!(13), &json!(11), &json!(2))
    );
    let kept = world.keys("quarantine/users/");
    assert_eq!(kept.len(), 2);
    let object = world.bucket.get(&kept[0]).await.unwrap().unwrap();
    let object: Value = serde_json::from_slice(&object.body).unwrap();
    assert_eq!(object["reason"]["kind"], "not_integer");
    assert!(!object["reason"]["message"].as_str().unwrap().contains("old"), "no payload text in messages");
    assert_eq!(object["source"], "s3://bucket/people.csv");
}

#[tokio::test]
async fn a_file_written_anew_starts_over_or_fails_as_the_event_says() {
    let world = World::with_file("people.csv", users_csv(10, "\n")).await;
    let mut event = csv_event("people.csv");
    world.invoke(&event).await.unwrap();
    let etag = world.bucket.head("people.csv").await.unwrap().unwrap().etag;
    let body = users_csv(7, "\n").into();
    world.bucket.replace("people.csv", &etag, body, &Attributes::default()).await.unwrap();
    event["on_change"] = json!("fail");
    assert_eq!(world.invoke(&event).await.unwrap_err().kind(), "source");
    event["on_change"] = json!("start-over");
    assert_eq!(world.invoke(&event).await.unwrap()["put"], 7);
    assert_eq!(world.payloads().len(), 17);
}

#[tokio::test]
async fn made_up_records_and_numbers_go_on_where_the_last_run_ended() {
    let world = World::new();
    let event = json!({"schema": "users", "source": {"type": "counter", "count": 600}});
    world.invoke(&event).await.unwrap();
    world.invoke(&event).await.unwrap();
    let mut numbers: Vec<u64> = world.payloads().iter().map(|text| text.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..1200).collect::<Vec<_>>());

    let world = World::new();
    let event = json!({"schema": "users", "source": {"type": "made-up", "count": 50, "seed": 7}});
    world.invoke(&event).await.unwrap();
    let first = world.payloads();
    world.invoke(&event).await.unwrap();
    assert_eq!((first.len(), world.payloads().len()), (50, 100));
    let other = World::new();
    other.invoke(&event).await.unwrap();
    assert_eq!(other.payloads(), first, "a seed gives the same records");
}

#[tokio::test]
async fn json_lines_arrive_as_they_are_gzip_or_not() {
    let lines = "{\"a\":1}\r\n\r\n{\"b\":[2, 3]}\n{\"c\":\"\\n\"}";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, lines.as_bytes()).unwrap();
    for body in [lines.as_bytes().to_vec(), gzip.finish().unwrap()] {
        let world = World::with_file("lines", body).await;
        let source = json!({"type": "s3", "bucket": "bucket", "key": "lines", "format": "json-lines"});
        let answer = world.invoke(&json!({"schema": "tweets", "source": source})).await.unwrap();
        assert_eq!((&answer["put"], &answer["done"]), (&json!(3), &json!(true)));
        assert_eq!(world.payloads(), ["{\"a\":1}", "{\"b\":[2, 3]}", "{\"c\":\"\\n\"}"]);
    }
}

#[tokio::test]
async fn a_broken_gzip_is_told_and_what_was_before_it_is_put() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, users_csv(20_000, "\n").as_bytes()).unwrap();
    let mut body = gzip.finish().unwrap();
    let middle = body.len() / 2;
    body.truncate(middle);
    let world = World::with_file("people.csv.gz", body).await;
    let failed = world.invoke(&csv_event("people.csv.gz")).await.unwrap_err();
    assert_eq!(failed.kind(), "feed");
    assert!(failed.message().contains("gzip data of the source is broken"), "{}", failed.message());
    assert!(world.payloads().len() > 1000);
}

#[tokio::test]
async fn the_real_crimes_arrive_once_each_whatever_is_refused_and_however_lines_end() {
    let Some(folder) = test_support::data("crime") else { return };
    for name in ["SacramentocrimeJanuary2006.csv", "crime.csv"] {
        let file = std::fs::read(folder.join(name)).unwrap();
        let world = World::with_file("rows.csv", file).await;
        let mut calls = 0;
        world.sink.set_faults(move |entries| {
            calls += 1;
            let every_20th = (0..entries.len()).filter(|at| at % 20 == 19).collect();
            Some(if calls % 7 == 0 { SinkFault::Unavailable } else { SinkFault::Refuse(every_20th) })
        });
        let mut event = csv_event("rows.csv");
        event["schema"] = json!("crime");
        let answer = world.invoke(&event).await.unwrap();
        assert_eq!((&answer["put"], &answer["quarantined"]), (&json!(7584), &json!(0)));
        let payloads = world.payloads();
        assert_eq!(payloads.len(), 7584);
        let distinct: std::collections::HashSet<&String> = payloads.iter().collect();
        assert_eq!(distinct.len(), 7584 - 38, "38 rows are twice in the file");
    }
}
