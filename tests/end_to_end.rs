//! The whole pipeline over the network: the command, the real binaries of the functions, and plain files at the end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use record_model::chunk;
use serde_json::Value;

use super::runs::{Run, kinflow, put_while_running, text};

const CRIME_HEADER: &str = "cdatetime,address,district,beat,grid,crimedescr,ucr_ncic_code,latitude,longitude";

fn crime_row(i: usize) -> String {
    format!(
        "1/{}/06 {}:05,{i} EXAMPLE ST,3,3C        ,1115,459 PC  BURGLARY,2204,38.55,-121.39",
        1 + i % 31,
        i % 24
    )
}

fn tweet(i: usize) -> String {
    serde_json::json!({
        "id_str": (9_007_199_254_740_993 + i as u64).to_string(),
        "id": 9_007_199_254_740_993 + i as u64,
        "created_at": "Fri Jul 12 16:36:27 +0000 2019",
        "full_text": format!("What a lovely day number {i} &amp; a great coffee machine"),
        "lang": "en",
        "user": { "screen_name": "example" },
    })
    .to_string()
}

#[test]
fn every_crime_row_arrives_typed_once_and_a_bad_row_is_kept_with_its_bytes() {
    let mut rows: Vec<_> = (0..500).map(crime_row).collect();
    rows[250] = "1/9/06 1:00,BAD ST,3rd,3C,12abc,THEFT,2404,38.5,-121.4".to_owned();
    let csv = format!("{CRIME_HEADER}\r{}\r", rows.join("\r"));
    let outcome = Run::new().input("crime", "crime.csv", csv).drained();

    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!((outcome.count("crime", "read"), outcome.count("crime", "put")), (500, 499));
    assert_eq!((outcome.count("crime", "typed"), outcome.count("crime", "quarantined")), (499, 1));
    let mut addresses: Vec<_> =
        outcome.lines("typed/crime").iter().map(|row| row["address"].as_str().unwrap().to_owned()).collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 499);
    let quarantined = outcome.lines("quarantine/crime");
    assert_eq!(quarantined.len(), 1);
    assert!(quarantined[0].to_string().contains("district"), "{}", quarantined[0]);
}

#[test]
fn what_any_client_puts_is_typed_enriched_or_kept_with_its_bytes() {
    let good = b"2006/01/01 00:00:00|A ST|3|3C|1115|THEFT|2404|38.5|-121.4|2026/01/02 03:04:05";
    let bad = b"2006/01/01 00:00:00|A ST|3rd|3C|1115|THEFT|2404|38.5|-121.4|2026/01/02 03:04:05";
    let mut compressed = GzEncoder::new(Vec::new(), Compression::default());
    compressed.write_all(tweet(1).as_bytes()).unwrap();
    let compressed = compressed.finish().unwrap();
    let broken = &compressed[..compressed.len() / 2];
    let outcome = put_while_running(&[
        ("CrimeStream", good),
        ("CrimeStream", bad),
        ("TweetsStream", &compressed),
        ("TweetsStream", broken),
        ("TweetsStream", tweet(2).as_bytes()),
    ]);

    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!((outcome.count("crime", "typed"), outcome.count("crime", "failed")), (1, 1));
    let failed = &outcome.lines("failed/crime/processing-failed")[0];
    assert_eq!(failed["rawData"], STANDARD.encode(bad), "{failed}");
    let [reason] = outcome.lines("failed/crime/reasons").try_into().unwrap();
    assert_eq!(
        (&reason["payload_base64"], &reason["reason"]["field"]),
        (&failed["rawData"], &"district".into())
    );
    assert!(reason["shard_id"].as_str().unwrap().starts_with("shardId-"), "{reason}");
    assert_eq!((outcome.count("tweets", "enriched"), outcome.count("tweets", "quarantined")), (2, 1));
    let quarantined = outcome.lines("quarantine/tweets")[0].to_string();
    assert!(quarantined.contains(&STANDARD.encode(broken)), "{quarantined}");
}

/// A message in three pieces.
fn pieces(message: &str, id: u128) -> Vec<Vec<u8>> {
    let framed = |piece: chunk::Chunk<'_>| {
        let mut out = Vec::new();
        piece.write(&mut out);
        out
    };
    let room = chunk::OVERHEAD_BYTES + message.len().div_ceil(3);
    chunk::split(message.as_bytes(), id, room).unwrap().map(framed).collect()
}

#[test]
fn a_message_in_pieces_arrives_once_and_the_pieces_of_an_incomplete_one_are_kept_with_the_reason() {
    let (whole, incomplete) = (pieces(&tweet(1), 1), pieces(&tweet(2), 2));
    let outcome = put_while_running(&[
        ("TweetsStream", &whole[2]),
        ("TweetsStream", &incomplete[0]),
        ("TweetsStream", &whole[0]),
        ("TweetsStream", tweet(3).as_bytes()),
        ("TweetsStream", &whole[1]),
        ("TweetsStream", &incomplete[2]),
    ]);

    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!((outcome.count("tweets", "on_stream"), outcome.count("tweets", "enriched")), (6, 2));
    assert_eq!(outcome.count("tweets", "quarantined"), 2);
    let texts: Vec<_> =
        outcome.lines("enriched/tweets").iter().map(|line| line["text"].to_string()).collect();
    assert!(texts.iter().any(|text| text.contains("day number 1")), "{texts:?}");
    let quarantined = outcome.lines("quarantine/tweets");
    let mut kept: Vec<_> = quarantined.iter().map(|copy| copy["payload_base64"].as_str().unwrap()).collect();
    kept.sort_unstable();
    let mut expected = [&incomplete[0], &incomplete[2]].map(|piece| STANDARD.encode(piece));
    expected.sort_unstable();
    assert_eq!(kept, expected);
    assert!(quarantined.iter().all(|copy| copy["reason"]["kind"] == "chunk_incomplete"), "{quarantined:?}");
}

#[test]
fn every_tweet_arrives_enriched_once_and_what_is_no_tweet_is_in_quarantine() {
    let mut lines: Vec<_> = (0..120).map(tweet).collect();
    lines[7] = r#"{"this is":"no tweet"}"#.to_owned();
    lines[8] = "{ this is no JSON".to_owned();
    let outcome = Run::new().input("tweets", "tweets.jsonl", lines.join("\n")).drained();

    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!((outcome.count("tweets", "read"), outcome.count("tweets", "enriched")), (120, 118));
    assert_eq!(outcome.count("tweets", "quarantined"), 2);
    let enriched = outcome.lines("enriched/tweets");
    let mut ids: Vec<_> = enriched.iter().map(|line| line["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((enriched.len(), ids.len()), (118, 118));
    for line in &enriched {
        assert!(line["text"].as_str().unwrap().contains("day number"), "{line}");
        assert!(line["text"].as_str().unwrap().contains(" & "), "{line}");
        assert_eq!(line["sentiment"]["label"], "positive", "{line}");
        assert!(!line["keywords"].as_array().unwrap().is_empty(), "{line}");
    }
}

#[test]
fn the_real_records_arrive_as_they_should() {
    let (Some(crime), Some(tweets)) = (test_support::data("crime"), test_support::data("tweets")) else {
        return;
    };
    let outcome = Run::new()
        .file("crime", &crime.join("SacramentocrimeJanuary2006.csv"))
        .file("tweets", &tweets.join("v1_1.jsonl"))
        .drained();

    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let mut expected: Vec<_> = text(&crime.join("expected_docs.ndjson.gz"))
        .lines()
        .map(|line| comparable(&serde_json::from_str(line).unwrap()))
        .collect();
    let mut typed: Vec<_> = outcome.lines("typed/crime").iter().map(comparable).collect();
    assert_eq!(typed.len(), 7_584);
    expected.sort();
    typed.sort();
    assert!(typed == expected, "the documents differ from the expected ones");

    let tweets = fs::read_to_string(tweets.join("v1_1.jsonl")).unwrap();
    let enriched = outcome.lines("enriched/tweets");
    assert_eq!(enriched.len(), tweets.lines().count());
    assert!(enriched.iter().all(|line| line["text"].is_string() && line["keywords"].is_array()));
    assert_eq!(outcome.lines("raw/tweets").len(), enriched.len());
}

/// A crime document as text that can be sorted: texts are trimmed, the load time is left out, and an absent beat is
/// `null`.
fn comparable(document: &Value) -> String {
    let mut document = document.as_object().unwrap().clone();
    document.remove("load_time");
    for (_, value) in &mut document {
        if let Some(text) = value.as_str() {
            *value = Value::from(text.trim());
        }
    }
    document.retain(|_, value| !value.is_null() && value != "");
    Value::Object(document).to_string()
}

#[track_caller]
fn refused(arguments: &[&str], expected: &str) {
    let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let output = kinflow(&arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("kinflow: ") && stderr.contains(expected), "{stderr}");
}

#[test]
fn what_can_not_run_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data").display().to_string();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();

    refused(&["--data-dir", &data_dir, "--drain", "--input", "crime=missing.csv"], "missing.csv");
    refused(&["--data-dir", &file.join("below").display().to_string()], "below");
    refused(&["--data-dir", &data_dir, "--s3-port", &port], &port);
    refused(&["--data-dir", &data_dir, "--template", "missing.yaml"], "missing.yaml");
    refused(&["--data-dir", &data_dir, "--functions", &data_dir], "producer");
}
