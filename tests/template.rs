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

/// The text behind a tag such as `!Sub`.
fn text<'a>(yaml: &'a Yaml<'a>) -> Option<&'a str> {
    if let Yaml::Tagged(_, tagged) = yaml { tagged.as_str() } else { yaml.as_str() }
}

fn template() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")).unwrap()
}

/// Runs `check` with the properties of each Kinesis event and its function's logical id.
fn for_each_stream_event(check: impl Fn(&str, &Yaml<'_>)) {
    let template = template();
    let documents = Yaml::load_from_str(&template).unwrap();
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

#[test]
fn every_function_that_reads_a_stream_sweeps_it_of_incomplete_messages() {
    let template = template();
    let documents = Yaml::load_from_str(&template).unwrap();
    for_each_stream_event(|function, event| {
        let stream = at(event, &["Stream"]).and_then(text).unwrap().trim_end_matches(".Arn");
        let events = at(&documents[0], &["Resources", function, "Properties", "Events"]);
        let inputs = events.and_then(Yaml::as_mapping).into_iter().flat_map(|events| events.values());
        let inputs = inputs.filter_map(|event| at(event, &["Properties", "Input"]).and_then(text));
        let sweep = format!(
            r#"{{"sweep":"chunks","stream":"${{{stream}}}","older_than_s":${{IncompleteMessageSeconds}}}}"#
        );
        assert_eq!(inputs.collect::<Vec<_>>(), [sweep], "{function}");
    });
}

#[test]
fn a_message_is_given_up_after_its_last_piece_can_come_and_before_its_first_expires() {
    let template = template();
    let documents = Yaml::load_from_str(&template).unwrap();
    let seconds = |name| {
        at(&documents[0], &["Parameters", "IncompleteMessageSeconds", name])
            .and_then(Yaml::as_integer)
            .unwrap()
    };
    for_each_stream_event(|function, event| {
        let tried_for = at(event, &["MaximumRecordAgeInSeconds"]).and_then(Yaml::as_integer).unwrap();
        assert!(seconds("MinValue") >= tried_for, "{function}");
    });
    let resources = at(&documents[0], &["Resources"]).and_then(Yaml::as_mapping).unwrap();
    let retention_hours = resources
        .values()
        .filter_map(|resource| at(resource, &["Properties", "RetentionPeriodHours"])?.as_integer())
        .max()
        .unwrap();
    assert!(seconds("Default") >= retention_hours * 3600);
    let rules =
        at(&documents[0], &["Resources", "DataBucket", "Properties", "LifecycleConfiguration", "Rules"]);
    let kept_days = rules
        .and_then(Yaml::as_sequence)
        .into_iter()
        .flatten()
        .find(|rule| at(rule, &["Prefix"]).and_then(Yaml::as_str) == Some("state/chunks/"))
        .and_then(|rule| at(rule, &["ExpirationInDays"])?.as_integer())
        .unwrap();
    // Its pieces came within the retention of each other.
    assert!(seconds("MaxValue") + retention_hours * 3600 < kept_days * 86_400);
}
