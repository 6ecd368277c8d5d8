//! The body of a `PutRecords` request.

use base64_simd::STANDARD;

use super::Entry;

/// Bytes of an entry's JSON besides its data and its keys.
const FRAME_BYTES: usize = 96;

/// Writes the request's JSON, in the form of the service's API reference
/// (<https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>).
///
/// It is written directly from the entries. The SDK would copy each of them three times first.
pub(crate) fn request_body(stream: &str, entries: &[Entry]) -> Vec<u8> {
    let bytes = |entry: &Entry| STANDARD.encoded_length(entry.data.len()) + entry.partition_key.len();
    let bytes: usize = entries.iter().map(|entry| bytes(entry) + FRAME_BYTES).sum();
    let mut out = Vec::with_capacity(bytes + stream.len() + FRAME_BYTES);
    out.extend_from_slice(b"{\"StreamName\":");
    write_string(stream, &mut out);
    out.extend_from_slice(b",\"Records\":");
    let mut before = b'[';
    for entry in entries {
        out.push(before);
        before = b',';
        write_entry(entry, &mut out);
    }
    out.extend_from_slice(if entries.is_empty() { b"[]}" } else { b"]}" });
    out
}

fn write_entry(entry: &Entry, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"Data\":\"");
    STANDARD.encode_append(&entry.data, out);
    out.extend_from_slice(b"\",\"PartitionKey\":");
    write_string(&entry.partition_key, out);
    if let Some(hash_key) = entry.explicit_hash_key {
        out.extend_from_slice(b",\"ExplicitHashKey\":");
        write_string(&hash_key.to_string(), out);
    }
    out.push(b'}');
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    // Writing text to a Vec can't fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    proptest! {
        #[test]
        fn a_body_says_what_the_entries_say(
            stream in ".{0,20}",
            entries in prop::collection::vec((".{1,20}", prop::collection::vec(any::<u8>(), 0..50), any::<Option<u128>>()), 0..5),
        ) {
            let entries: Vec<Entry> = entries
                .into_iter()
                .map(|(key, data, explicit_hash_key)| Entry { explicit_hash_key, ..Entry::new(key, data) })
                .collect();
            let records: Vec<Value> = entries
                .iter()
                .map(|entry| {
                    let mut record = json!({
                        "Data": STANDARD.encode_to_string(&entry.data),
                        "PartitionKey": entry.partition_key,
                    });
                    if let Some(key) = entry.explicit_hash_key {
                        record["ExplicitHashKey"] = key.to_string().into();
                    }
                    record
                })
                .collect();
            let body = request_body(&stream, &entries);
            let found: Value = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(found, json!({ "StreamName": stream, "Records": records }));
        }
    }
}
