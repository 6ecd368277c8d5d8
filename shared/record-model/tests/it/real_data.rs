//! The built-in schemas on real data, where `KINFLOW_TEST_DATA` names its folder.

use std::fs;

use record_model::{RecordContext, Schema, Written};
use serde_json::Value;
use test_support::data;

/// 2026-01-02 03:04:05 UTC.
const LOADED_AT: RecordContext<'_> =
    RecordContext { ingested_at_ms: 1_767_323_045_000, source: None, offset: None, position: None };

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 16 << 20];
    let size = libdeflater::Decompressor::new().gzip_decompress(bytes, &mut out).unwrap();
    out.truncate(size);
    out
}

fn document(schema: &Schema, payload: &[u8]) -> Value {
    let mut out = Vec::new();
    let written = schema.write_typed_json(payload, &LOADED_AT, &mut out).unwrap();
    assert_eq!(written, Written::Typed);
    serde_json::from_slice(&out).unwrap()
}

fn trimmed(mut document: Value) -> Value {
    for value in document.as_object_mut().unwrap().values_mut() {
        if let Value::String(text) = value {
            *text = text.trim().to_owned();
        }
    }
    document
}

#[test]
fn a_crime_file_with_lone_cr_line_ends_becomes_the_documents_its_first_pipeline_made() {
    let Some(folder) = data("crime") else { return };
    let schema = Schema::built_in("crime").unwrap();
    let file = fs::File::open(folder.join("SacramentocrimeJanuary2006.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(file);
    let columns = schema.csv_columns(reader.byte_headers().unwrap()).unwrap();
    let expected = gunzip(&fs::read(folder.join("expected_docs.ndjson.gz")).unwrap());
    let mut expected = expected.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut payload = Vec::new();
    for record in reader.byte_records() {
        payload.clear();
        columns.write_payload(&schema, &record.unwrap(), &LOADED_AT, &mut payload).unwrap();
        let expected: Value = serde_json::from_slice(expected.next().unwrap()).unwrap();
        assert_eq!(trimmed(document(&schema, &payload)), trimmed(expected));
    }
    assert!(expected.next().is_none());
}

#[test]
fn every_tweet_of_either_api_version_has_its_whole_text_and_exact_id() {
    let schema = Schema::built_in("tweets").unwrap();
    for name in ["v1_1.jsonl", "v1_1_ja.jsonl", "v1_1_extended.jsonl", "v2.jsonl"] {
        let Some(file) = data("tweets") else { return };
        for line in fs::read_to_string(file.join(name)).unwrap().lines() {
            let tweet: Value = serde_json::from_str(line).unwrap();
            let typed = document(&schema, line.as_bytes());
            let id = tweet.get("id_str").or(tweet.get("id")).unwrap();
            assert_eq!(typed["id"], *id, "{name}");
            assert_eq!(typed["text"], Value::from(whole_text(&tweet)), "{name} {id}");
            let text_of = schema.open(line.as_bytes()).unwrap().text_of().unwrap();
            assert_eq!(text_of.text.as_deref(), typed["text"].as_str());
            assert_eq!(text_of.language.as_deref(), tweet["lang"].as_str());
            assert_eq!(text_of.event_time_ms.is_some(), tweet.get("created_at").is_some());
        }
    }
}

/// The text as the API's documentation says to find it, entities resolved.
fn whole_text(tweet: &Value) -> String {
    let status = tweet.get("retweeted_status").filter(|status| status.is_object()).unwrap_or(tweet);
    let text = status["extended_tweet"].get("full_text").or(status.get("full_text")).or(status.get("text"));
    let text = text.unwrap().as_str().unwrap();
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
