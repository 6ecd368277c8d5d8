//! Files of JSON, and files that are compressed.

use std::io::Write as _;

use serde_json::{Value, json};

use super::{Table, check, rows};

#[test]
fn nested_json_lines() {
    let line = |n: u32| {
        json!({
            "id": n, "user": {"name": format!("u{n}"), "address": {"city": "Köln", "zip": "50667"}},
            "geo": {"lat": 48.5, "lng": 11.25}, "tags": ["a", "b"], "at": 1_767_225_600 + n, "active": n == 1, "note": null,
        })
    };
    let text: String = (0..4).map(|n| format!("{}\n", line(n))).collect();
    let expected = |n: u32| {
        json!({
            "id": n, "user": {"name": format!("u{n}"), "address": {"city": "Köln", "zip": "50667"}},
            "geo": {"lat": 48.5, "lng": 11.25}, "location": {"lat": 48.5, "lon": 11.25}, "_extra": {"tags": ["a", "b"]},
            "at": format!("2026-01-01T00:00:{n:02}Z"), "active": n == 1, "note": null,
        })
    };
    check(&text, (0..4).map(expected).collect());
}

#[test]
fn members_that_come_and_go_and_numbers_that_are_whole_at_first() {
    let text =
        "{\"a\":1,\"b\":null}\n{\"a\":2.5,\"b\":\"x\",\"c\":true}\n{\"b\":\"y\"}\n\n{\"c\":false,\"a\":-7}\n";
    let expected =
        [json!([1, null, null]), json!([2.5, "x", true]), json!([null, "y", null]), json!([-7, null, false])];
    check(text, rows(&["a", "b", "c"], &expected));
}

#[test]
fn a_json_array_over_many_lines() {
    let objects: Vec<Value> =
        (0..5).map(|n| json!({"n": n, "what": {"kind": "x]y"}, "ok": n % 2 == 0})).collect();
    let text = serde_json::to_string_pretty(&objects).unwrap();
    check(&text, objects.clone());
    check(&serde_json::to_string(&objects).unwrap(), objects);
}

#[test]
fn gzip_of_several_members_and_zstd() {
    let (first, second) = ("n;word\n1;one\n2;two\n", "3;three\n4;four\n");
    let expected = rows(
        &["n", "word"],
        &[json!([1, "one"]), json!([2, "two"]), json!([3, "three"]), json!([4, "four"])],
    );
    let mut gzip = Vec::new();
    for part in [first, second] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(part.as_bytes()).unwrap();
        gzip.extend(encoder.finish().unwrap());
    }
    let zstd: Vec<u8> =
        [first, second].iter().flat_map(|part| zstd::encode_all(part.as_bytes(), 1).unwrap()).collect();
    for file in [&gzip, &zstd] {
        Table { file, rows: expected.clone(), refused: &[] }.check();
    }
}
