//! `kinflow tail --resume`: what was shown is known to the next tail, and never more than that.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use edge::put_records::Entry;
use record_model::chunk;
use record_model::kpl::{Aggregator, Draft};

use super::{command, kinflow, lines, numbered, put, put_entries, told};
use crate::streams::{self, Endpoint};

/// The lines of a tail with this checkpoint, from the start of the stream to its present end.
async fn rest(endpoint: &Endpoint, name: &Path, more: &[&str]) -> Vec<String> {
    let name = name.to_str().unwrap();
    let all = ["tail", "s", "--resume", name, "--from", "start", "--to", "now", "-o", "raw"];
    let output = kinflow(endpoint, &[&all[..], more].concat()).await;
    assert!(output.status.success(), "{output:?}");
    lines(&output)
}

fn each(range: std::ops::Range<usize>) -> Vec<String> {
    let mut lines: Vec<String> = range.map(|n| format!("{{\"n\":{n}}}")).collect();
    lines.sort();
    lines
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_tail_shows_what_the_last_one_did_not_also_where_shards_were_split() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 2).await;
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("alerts");
    put(&endpoint, "s", numbered(0..50)).await;
    assert_eq!(sorted(rest(&endpoint, &name, &[]).await), each(0..50));
    assert_eq!(rest(&endpoint, &name, &[]).await, Vec::<String>::new());
    put(&endpoint, "s", numbered(50..60)).await;
    let split = kinflow(&endpoint, &["shards", "split", "s", "shardId-000000000000"]).await;
    assert!(split.status.success(), "{split:?}");
    put(&endpoint, "s", numbered(60..100)).await;
    assert_eq!(sorted(rest(&endpoint, &name, &[]).await), each(50..100));
    let merge = ["shards", "merge", "s", "shardId-000000000002", "shardId-000000000003"];
    assert!(kinflow(&endpoint, &merge).await.status.success());
    put(&endpoint, "s", numbered(100..120)).await;
    assert_eq!(sorted(rest(&endpoint, &name, &[]).await), each(100..120));
    let other = folder.path().join("other");
    assert_eq!(sorted(rest(&endpoint, &other, &[]).await), each(0..120), "each name has its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_begins_with_what_comes_leaves_out_nothing_that_came_while_nobody_looked() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 2).await;
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("alerts");
    let named = name.to_str().unwrap();
    let first = kinflow(&endpoint, &["tail", "s", "--resume", named, "--to", "now"]).await;
    assert_eq!((first.status.code(), lines(&first).len()), (Some(0), 0), "{first:?}");
    put(&endpoint, "s", numbered(0..20)).await;
    assert_eq!(sorted(rest(&endpoint, &name, &[]).await), each(0..20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_was_killed_has_shown_all_that_its_checkpoint_passes() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("alerts");
    put(&endpoint, "s", numbered(0..300)).await;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for round in 1..=3 {
        let arguments = ["tail", "s", "--resume", name.to_str().unwrap(), "--from", "start", "-o", "raw"];
        let mut child = command(&endpoint, &arguments).spawn().unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in reader.by_ref().take(60) {
            *seen.entry(line.unwrap()).or_default() += 1;
        }
        child.kill().unwrap();
        // What was written before the kill was shown, too.
        for line in reader.map_while(Result::ok) {
            *seen.entry(line).or_default() += 1;
        }
        child.wait().unwrap();
        put(&endpoint, "s", numbered(300 * round..300 * round + 300)).await;
    }
    for line in rest(&endpoint, &name, &[]).await {
        *seen.entry(line).or_default() += 1;
    }
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), each(0..1_200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_may_end_in_the_middle_of_an_aggregate() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("alerts");
    for records in [0..10_usize, 10..20] {
        let mut aggregator = Aggregator::new(1 << 20);
        for data in numbered(records) {
            assert!(aggregator.push(&Draft { partition_key: "k", explicit_hash_key: None, data: &data }));
        }
        put_entries(&endpoint, "s", &[Entry::new("k", aggregator.finish().unwrap().data)]).await;
    }
    let mut seen = Vec::new();
    for _ in 0..5 {
        let part = rest(&endpoint, &name, &["-n", "4"]).await;
        assert_eq!(part.len(), 4);
        seen.extend(part);
    }
    assert_eq!(sorted(seen), each(0..20), "each once");
    assert!(rest(&endpoint, &name, &[]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_pieces_come_in_two_tails_is_shown() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("alerts");
    let message = br#"{"text":"in two pieces"}"#;
    let pieces: Vec<Vec<u8>> = chunk::split(message, 7, chunk::OVERHEAD_BYTES + 12)
        .unwrap()
        .map(|piece| {
            let mut record = Vec::new();
            piece.write(&mut record);
            record
        })
        .collect();
    assert_eq!(pieces.len(), 2);
    put_entries(&endpoint, "s", &[Entry::new("k", pieces[0].clone())]).await;
    put(&endpoint, "s", numbered(0..1)).await;
    assert_eq!(rest(&endpoint, &name, &[]).await, each(0..1));
    put_entries(&endpoint, "s", &[Entry::new("k", pieces[1].clone())]).await;
    let shown = rest(&endpoint, &name, &[]).await;
    assert!(shown.contains(&String::from_utf8(message.to_vec()).unwrap()), "{shown:?}");
    assert!(rest(&endpoint, &name, &[]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stream_of_the_same_name_is_told_and_shown_from_its_start() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("alerts");
    put(&endpoint, "s", numbered(0..5)).await;
    assert_eq!(rest(&endpoint, &name, &[]).await.len(), 5);
    assert!(kinflow(&endpoint, &["streams", "delete", "s", "--yes"]).await.status.success());
    streams::stream(&endpoint, "s", 1).await;
    put(&endpoint, "s", numbered(5..8)).await;
    let named = name.to_str().unwrap();
    let all = ["tail", "s", "--resume", named, "--from", "start", "--to", "now", "-o", "raw"];
    let output = kinflow(&endpoint, &all).await;
    assert_eq!(sorted(lines(&output)), each(5..8), "{output:?}");
    assert!(
        told(&output).contains("starting over") && told(&output).contains("of another stream"),
        "{output:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_has_one_tail_at_a_time_and_one_that_is_none_is_left_as_it_is() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("alerts");
    put(&endpoint, "s", numbered(0..1)).await;
    let arguments = ["tail", "s", "--resume", name.to_str().unwrap(), "--from", "start", "-o", "raw"];
    let mut first = command(&endpoint, &arguments).spawn().unwrap();
    let mut reader = BufReader::new(first.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let second = kinflow(&endpoint, &arguments).await;
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!((second.status.code(), told(&second).lines().count()), (Some(2), 1), "{second:?}");
    assert!(told(&second).contains("another tail has the checkpoint"), "{second:?}");

    let file = folder.path().join("alerts.tail.json");
    std::fs::write(&file, "{}").unwrap();
    let refused = kinflow(&endpoint, &arguments).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(told(&refused).contains("move it away to begin a new checkpoint"), "{refused:?}");
    assert_eq!(std::fs::read(&file).unwrap(), b"{}");
}
