//! What template.yaml comes to with the options that are off by default: gradual deployment, and a table in
//! Iceberg's format.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

mod gradual;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

const DOMAIN: &str = "arn:aws:es:us-east-1:000000000000:domain/search";
const GRADUAL: (&str, &str) = ("GradualDeployment", "Canary10Percent5Minutes");
const TABLE: [(&str, &str); 2] = [("IcebergTable", "lake.crime"), ("IcebergLocation", "lake-files/crime")];

type Resources = BTreeMap<String, Value>;
type Given = BTreeMap<String, String>;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
}

fn given(parameters: &[(&str, &str)]) -> Given {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// With SAM's globals, which a version holds as well.
fn resources(parameters: &Given) -> Resources {
    let found = template::examine(&path(), parameters).unwrap();
    assert_eq!(found.unread, [""; 0]);
    found.resources
}

/// Every combination of the two options with what they meet.
fn combinations() -> Vec<(Given, Resources)> {
    let choices: [&[(&str, &str)]; 4] = [
        &[GRADUAL],
        &TABLE,
        &[("OpenSearchDomainArn", DOMAIN)],
        &[("AlarmTopicArn", "arn:aws:sns:us-east-1:000000000000:x")],
    ];
    let combinations = (0..1_usize << choices.len()).map(|combination| {
        let chosen = choices.iter().enumerate().filter(|(index, _)| (combination >> index) & 1 == 1);
        let mut chosen: Vec<_> = chosen.flat_map(|(_, parameters)| parameters.iter().copied()).collect();
        chosen.push(("Release", "r1"));
        let parameters = given(&chosen);
        let resources = resources(&parameters);
        (parameters, resources)
    });
    combinations.collect()
}

fn of_kind<'r>(resources: &'r Resources, kind: &str) -> Vec<(&'r str, &'r Value)> {
    let found = resources.iter().filter(|(_, resource)| resource["Type"] == kind);
    found.map(|(place, resource)| (place.as_str(), resource)).collect()
}

#[track_caller]
fn refused(parameters: &[(&str, &str)], expected: &str) {
    let error = template::read(&path(), &given(parameters)).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    refused(&[GRADUAL], "Rules.GradualNeedsRelease: ");
    refused(&TABLE[..1], "Rules.TableNeedsLocation: ");
    refused(&TABLE[1..], "Rules.TableNeedsLocation: ");
    for (name, value) in [
        ("GradualDeployment", "Canary"),
        ("Release", "a b"),
        ("IcebergTable", "crime"),
        ("IcebergTable", "Lake.crime"),
        ("IcebergLocation", "s3://lake-files/crime"),
    ] {
        refused(&[(name, value)], &format!("Parameters.{name}: "));
    }
}
