//! What template.yaml must say about every stream it reads, so that no record can block a shard or vanish.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};

/// The value under `path`, tags such as `!GetAtt` taken off.
fn at<'a>(yaml: &'a Yaml<'a>, path: &[&str]) -> Option<&'a Yaml<'a>> {
    path.iter().try_fold(yaml, |yaml, key| yaml.as_mapping_get(key))
}

/// Runs `check` with the properties of each Kinesis event and its function's logical id.
fn for_each_stream_event(check: impl Fn(&str, &Yaml<'_>)) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let text = fs::read_to_string(path).unwrap();
    let documents = Yaml::load_from_str(&text).unwrap();
    let resources = at(&documents[0], &["Resources"]).and_then(Yaml::as_mapping).unwrap();
    let mut seen = 0;
    for (function, resource) in resources {
        let events = at(resource, &["Properties", "Events"]).and_then(Yaml::as_mapping);
        for event in events.into_iter().flat_map(|events| events.values()) {
            if at(event, &["Type"]).and_then(Yaml::as_str) == Some("Kinesis") {
                check(function.as_str().unwrap(), at(event, &["Properties"]).unwrap());
                seen += 1;
            }
        }
    }
    assert!(seen >= 2, "only {seen} stream events found");
}

#[test]
fn every_stream_event_takes_partial_answers() {
    for_each_stream_event(|function, event| {
        let types = at(event, &["FunctionResponseTypes"]).and_then(Yaml::as_sequence).unwrap();
        assert_eq!(
            types.iter().filter_map(Yaml::as_str).collect::<Vec<_>>(),
            ["ReportBatchItemFailures"],
            "{function}"
        );
    });
}

#[test]
fn every_stream_event_has_finite_retries_and_age() {
    for_each_stream_event(|function, event| {
        let number = |name| at(event, &[name]).and_then(Yaml::as_integer).unwrap_or(-1);
        let (retries, age_seconds) = (number("MaximumRetryAttempts"), number("MaximumRecordAgeInSeconds"));
        assert!((0..=10_000).contains(&retries), "{function} retries {retries} times");
        assert!((60..=604_800).contains(&age_seconds), "{function} keeps at a record for {age_seconds} s");
    });
}

#[test]
fn every_stream_event_keeps_what_it_gives_up_with_its_payload() {
    for_each_stream_event(|function, event| {
        let kind = at(event, &["DestinationConfig", "OnFailure", "Type"]).and_then(Yaml::as_str);
        assert_eq!(kind, Some("S3"), "{function}");
        assert!(at(event, &["DestinationConfig", "OnFailure", "Destination"]).is_some(), "{function}");
    });
}

#[test]
fn no_stream_event_has_a_filter() {
    for_each_stream_event(|function, event| {
        let filter = at(event, &["FilterCriteria"]);
        assert!(filter.is_none(), "{function} would drop compressed records without a word");
    });
}
