//! Redrives of records that a delivery stream could not transform, and a redrive of nothing.

use std::collections::BTreeMap;
use std::fs;

use super::{RECORDS, count, data_of, json, kinflow, record, run_of, schema, ways};
use crate::runs::{Running, lines_below};

#[test]
fn what_a_transform_refused_is_typed_once_after_its_schema_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let data = data_of(folder.path());
    fs::write(folder.path().join("numbers.toml"), schema("integer")).unwrap();
    let arguments = run_of(folder.path(), "delivery.yaml", &[]);
    let running = Running::start(&arguments);
    for n in 0..RECORDS {
        running.put("NumbersStream", &record(n));
    }
    running.interrupted();
    let refused = RECORDS.div_ceil(4) as u64;
    let failed = json(&kinflow(&["failures", &data, "--output", "json"]));
    assert_eq!(count(&failed, "transform", "failures"), refused, "{failed}");
    let group = &failed["groups"][0];
    assert_eq!(group["field"], "amount", "it has the transform's reason: {failed}");

    fs::write(folder.path().join("numbers.toml"), schema("float")).unwrap();
    let running = Running::start(&arguments);
    let first = kinflow(&["redrive", &data, "--output", "json"]);
    assert_eq!((first.status.code(), ways(&json(&first), "redriven")), (Some(0), refused), "{first:?}");
    let again = json(&kinflow(&["redrive", &data, "--output", "json"]));
    assert_eq!((ways(&again, "planned"), again["doneBefore"].as_u64()), (0, Some(refused)), "{again}");
    running.interrupted();

    let mut typed: BTreeMap<u64, usize> = BTreeMap::new();
    for line in lines_below(&folder.path().join("data"), "typed/numbers") {
        *typed.entry(line["n"].as_u64().unwrap()).or_default() += 1;
    }
    assert_eq!(typed, (0..RECORDS as u64).map(|n| (n, 1)).collect());
    let failures = kinflow(&["failures", &data]);
    assert_eq!(failures.status.code(), Some(0), "everything was fed again: {failures:?}");
}

#[test]
fn where_nothing_failed_nothing_is_fed_and_no_run_has_to_be_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let data = data_of(folder.path());
    fs::create_dir_all(folder.path().join("data/s3/databucket")).unwrap();
    let output = kinflow(&["redrive", &data]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "nothing to feed\n");
}
