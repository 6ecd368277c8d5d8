//! Aggregates written by others, read as they should be: set `KINFLOW_TEST_DATA` to the folder of test data.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::fs;

use record_model::{Content, DecodeError, Decoder, Limits};
use serde_json::Value;

type Row = (Option<u64>, Option<String>, Option<String>, Result<Vec<u8>, DecodeError>);

fn decode(data: &[u8]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut visit = |record: record_model::UserRecord<'_>| {
        let content = record.content.map(|content| match content {
            Content::Payload(bytes) => bytes.to_vec(),
            Content::Chunk(chunk) => panic!("no chunk was made here: {:?}", chunk.message),
        });
        rows.push((
            record.sub_sequence_number,
            record.partition_key.map(ToOwned::to_owned),
            record.explicit_hash_key.map(ToOwned::to_owned),
            content,
        ));
    };
    Decoder::new(Limits::default()).decode(data, &mut visit).unwrap();
    rows
}

fn bytes(base64: &Value) -> Vec<u8> {
    base64_simd::STANDARD.decode_to_vec(base64.as_str().unwrap()).unwrap()
}

/// A user record as the vectors have it: its data may still be compressed, ours comes opened.
fn expected_row(record: &Value) -> Row {
    let text = |name: &str| record[name].as_str().map(ToOwned::to_owned);
    let (.., content) = decode(&bytes(&record["data"])).remove(0);
    (record["subSequenceNumber"].as_u64(), text("partitionKey"), text("explicitHashKey"), content)
}

fn check(vector: &Value) {
    let name = vector["name"].as_str().unwrap();
    let data = bytes(&vector["record"]["data"]);
    let rows = decode(&data);
    let expected = &vector["expected"];
    match expected["kind"].as_str().unwrap() {
        "aggregated" => {
            let wanted: Vec<Row> = expected["records"].as_array().unwrap().iter().map(expected_row).collect();
            assert_eq!(rows, wanted, "{name}");
        }
        // A field that has to be there is not: the libraries disagree, ours hands the bytes on.
        "plain" | "unspecified" => assert_eq!(rows, [(None, None, None, Ok(data))], "{name}"),
        "malformed" => {
            let spoiled = |row: &Row| matches!(row.3, Err(DecodeError::KeyIndex { .. }));
            assert!(rows.iter().any(spoiled), "{name}: {rows:?}");
            assert!(rows.iter().all(|row| spoiled(row) || row.3.is_ok()), "{name}: {rows:?}");
            assert!(rows.iter().map(|row| row.0).eq((0..rows.len() as u64).map(Some)), "{name}");
        }
        kind => panic!("{name} is of a kind unheard of: {kind}"),
    }
}

#[test]
fn every_vector_is_read_as_expected() {
    let Some(file) = test_support::data("kpl/vectors.json") else { return };
    let file = fs::read(file).unwrap();
    let vectors: Value = serde_json::from_slice(&file).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 29, "only {} vectors", vectors.len());
    vectors.iter().for_each(check);
}
