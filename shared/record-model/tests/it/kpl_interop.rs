//! Our aggregates, taken apart by the libraries that others use.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use record_model::kpl::{Aggregator, Draft};
use serde_json::{Value, json};

/// The exit code by which a script says that its library is not installed.
const NOT_INSTALLED: i32 = 77;

/// Aggregates and what is in them. Within one aggregate all user records have an explicit hash key or none has:
/// where only some have, both libraries give the table's first key to those that have none.
fn aggregates() -> Vec<(String, Value)> {
    let hash_keys =
        ["0", "340282366920938463463374607431768211455", "170141183460469231731687303715884105728"];
    let keys = ["a", "user-17", "Grüße 🦀"];
    let data: Vec<Vec<u8>> = (0..400_usize).map(|n| vec![n.to_le_bytes()[0]; n * 7 % 301]).collect();
    let without =
        (0..400).map(|n| Draft { partition_key: keys[n % 3], explicit_hash_key: None, data: &data[n] });
    let with = (0..400).map(|n| Draft {
        partition_key: keys[n % 2],
        explicit_hash_key: Some(hash_keys[n % 3]),
        data: &data[n],
    });
    let two = without.clone().take(2);
    vec![
        aggregate(&without.collect::<Vec<_>>()),
        aggregate(&with.collect::<Vec<_>>()),
        aggregate(&two.collect::<Vec<_>>()),
    ]
}

fn aggregate(drafts: &[Draft<'_>]) -> (String, Value) {
    let mut aggregator = Aggregator::new(1 << 20);
    assert!(drafts.iter().all(|draft| aggregator.push(draft)));
    let data = base64_simd::STANDARD.encode_to_string(aggregator.finish().unwrap().data);
    let user_records = drafts.iter().enumerate().map(|(n, draft)| {
        json!([
            draft.partition_key,
            draft.explicit_hash_key,
            base64_simd::STANDARD.encode_to_string(draft.data),
            n
        ])
    });
    (data, user_records.collect())
}

fn read_by(interpreter: &str, script: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop").join(script);
    let (lines, expected): (Vec<String>, Vec<Value>) = aggregates().into_iter().unzip();
    let child = Command::new(interpreter)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        test_support::skipped(format_args!("no {interpreter} on this machine"));
        return;
    };
    // Where the library is missing the script ends without reading.
    let _ = child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NOT_INSTALLED) {
        test_support::skipped(stderr.trim());
        return;
    }
    assert!(output.status.success(), "{stderr}");
    let found: Vec<Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_python_library_reads_what_we_write() {
    read_by("python3", "kpl_deaggregate.py");
}

#[test]
fn the_node_library_reads_what_we_write() {
    read_by("node", "kpl_deaggregate.js");
}
