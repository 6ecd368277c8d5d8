//! `kinflow estimate` for a load, for a sample, and for the template that ships.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn estimate(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Command::new(env!("CARGO_BIN_EXE_kinflow"))
        .current_dir(root)
        .arg("estimate")
        .args(arguments)
        .output()
        .unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = estimate(&[arguments, &["--output", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn usd(stream: &Value, mode: &str, line: &str) -> f64 {
    let lines = stream["bills"][mode]["lines"].as_array().unwrap();
    lines.iter().find(|found| found["name"] == line).map_or(0.0, |found| found["usd"].as_f64().unwrap())
}

#[test]
fn the_template_at_rest_costs_what_the_page_on_cost_says() {
    let answer = json(&["--template", "template.yaml"]);
    let streams = answer["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 3);
    let sum = |line: &str| streams.iter().map(|stream| usd(stream, "provisioned", line)).sum::<f64>();
    assert!((sum("shards") - 43.80).abs() < 0.005, "{}", sum("shards"));
    assert!((sum("retention") - 58.40).abs() < 0.005, "{}", sum("retention"));
}

#[test]
fn a_sample_is_as_long_as_its_lines_and_its_largest_saving_is_named_first() {
    let answer = json(&[
        "--sample",
        "examples/crime.csv",
        "--rate",
        "1500",
        "--deliveries",
        "1",
        "--burst",
        "5000*60",
    ]);
    let stream = &answer["streams"][0];
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/crime.csv")).unwrap();
    let lines: Vec<f64> = text.lines().map(|line| f64::from(u32::try_from(line.len()).unwrap())).collect();
    let mean = lines.iter().sum::<f64>() / f64::from(u32::try_from(lines.len()).unwrap());
    assert!((stream["mean_bytes"].as_f64().unwrap() - mean).abs() < 0.01);
    // Each row counts as one KB, so both the number of records and their bytes need two shards.
    assert_eq!(stream["shards"], 2.0);
    assert_eq!(stream["burst"]["refused"], 3_000.0 * 60.0);
    let savings = stream["savings"].as_array().unwrap();
    assert!(savings[0]["change"].as_str().unwrap().starts_with("aggregate "), "{savings:?}");
    let values: Vec<f64> = savings.iter().map(|saving| saving["usd"].as_f64().unwrap()).collect();
    assert!(values.is_sorted_by(|one, other| one >= other), "{values:?}");
}

#[test]
fn a_price_of_one_s_own_counts_and_every_price_says_where_it_is_from() {
    let bill = |price: &[&str]| {
        usd(
            &json(&[&["--record-size", "100", "--rate", "10"], price].concat())["streams"][0],
            "provisioned",
            "shards",
        )
    };
    assert!((bill(&["--price", "shard_hour=0.03"]) - 2.0 * bill(&[])).abs() < 1e-9);
    let shown = estimate(&["--show-prices"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    for line in shown.lines().skip(1) {
        assert!(line.contains("https://"), "{line}");
        assert!(line.contains("not confirmed") || line.matches("; ").count() >= 2, "{line}");
    }
}

#[test]
fn what_can_not_be_estimated_is_one_line() {
    for (arguments, said) in [
        (&["--rate", "10"][..], "a load is --rate with"),
        (&["--record-size", "10", "--rate", "0"], "expected a number above 0"),
        (&["--record-size", "10", "--rate", "1", "--price", "nothing=1"], "there is no price"),
        (&["--record-size", "10", "--rate", "1", "--fan-out", "3"], "--fan-out is 3"),
        (&["--record-size", "20000", "--rate", "1", "--aggregated"], "two of them are over 25 KB"),
        (&["--sample", "no/such/file", "--rate", "1"], "can't be read"),
    ] {
        let output = estimate(arguments);
        let found = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {found}");
        assert!(found.contains(said), "{arguments:?}: {found}");
    }
}
