//! `kinflow check` on a template with every fault, one that it corrects, an update, and the template that ships.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn check(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kinflow"))
        .current_dir(root())
        .arg("check")
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs the command. Returns the exit code and the findings.
fn findings(arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = check(&[arguments, &["--output", "json"]].concat());
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), answer["findings"].as_array().unwrap().clone())
}

/// The rule, the resource and the line of a finding.
fn short(finding: &Value) -> String {
    format!(
        "{} {} {}",
        finding["rule"].as_str().unwrap(),
        finding["place"].as_str().unwrap(),
        finding["line"]
    )
}

const DANGEROUS: &str = "tests/check/dangerous.yaml";

/// Every finding in the fixture: the rule, the resource and the line.
const EXPECTED: &[&str] = &[
    "stream-goes-with-its-stack Orders 4",
    "stream-mode-contradicts-its-shards Orders 8",
    "stream-has-a-fixed-name Orders 7",
    "stream-keeps-for-a-day-only Orders 6",
    "bucket-goes-with-its-stack Data 11",
    "bucket-may-be-public Data 11",
    "bucket-takes-plain-http Data 11",
    "bucket-policy-goes-before-its-bucket KeptPolicy 22",
    "mapping-retries-for-ever Blocks 44",
    "mapping-fails-whole-batches Blocks 44",
    "mapping-does-not-bisect Blocks 44",
    "mapping-begins-at-the-end Blocks 46",
    "mapping-splits-aggregates Blocks 47",
    "mapping-filters-what-it-can-not-read Blocks 48",
    "function-has-three-seconds Blocks 36",
    "function-logs-for-ever Blocks 36",
    "mapping-loses-what-it-gives-up Loses 63",
    "function-has-a-fixed-name Loses 57",
    "function-is-invoked-again-beside-its-next-run Loses 52",
    "function-logs-for-ever Loses 52",
    "schedule-has-a-fixed-name Loses 71",
    "mapping-gives-up-too-late GivesUp 89",
    "mapping-gives-up-into-its-own-output GivesUp 92",
    "delivery-gives-up-before-its-function GivesUp 80",
    "function-logs-for-ever GivesUp 76",
    "mapping-keeps-no-payload Queued 103",
    "role-may-do-everything-of-a-service Wide 117",
    "role-may-do-everything-of-a-service Wide 112",
    "role-reaches-every-resource Wide 118",
    "role-reaches-buckets-of-other-accounts Wide 118",
    "role-can-not-read-its-stream Narrow 124",
    "role-can-not-keep-what-is-given-up Narrow 124",
    "role-can-not-write-its-output Narrow 124",
    "role-can-not-deliver Narrow 124",
    "role-can-not-transform Narrow 124",
    "delivery-answer-may-be-too-long Delivery 139",
    "delivery-error-prefix-names-no-kind Delivery 134",
    "delivery-partitions-too-small Delivery 134",
    "delivery-says-nothing Delivery 134",
    "delivery-joins-records Raw 151",
    "delivery-partitions-without-keys Raw 154",
    "delivery-says-nothing Raw 151",
    "delivery-doubles-documents Search 163",
];

#[test]
fn the_template_that_ships_has_no_finding_with_and_without_its_options() {
    let domain = "OpenSearchDomainArn=arn:aws:es:us-east-1:000000000000:domain/crime";
    let options: [&[&str]; 4] = [
        &[],
        &["--parameter", domain, "--parameter", "AthenaTables=true"],
        &[
            "--parameter",
            domain,
            "--parameter",
            "GradualDeployment=Canary10Percent5Minutes",
            "--parameter",
            "Release=r1",
            "--parameter",
            "IcebergTable=lake.crime",
            "--parameter",
            "IcebergLocation=lake-files/crime",
        ],
        &[
            "--parameter",
            "StreamMode=ON_DEMAND",
            "--parameter",
            "AlarmTopicArn=arn:aws:sns:us-east-1:000000000000:t",
        ],
    ];
    for options in options {
        let (code, findings) = findings(options);
        assert_eq!(
            (code, findings.iter().map(short).collect::<Vec<_>>()),
            (Some(0), Vec::new()),
            "{options:?}"
        );
    }
}

#[test]
fn every_fault_of_the_fixture_is_named_at_its_line_with_reason_source_and_fix() {
    let (code, findings) = findings(&[DANGEROUS]);
    assert_eq!(code, Some(1));
    let found: BTreeSet<String> = findings.iter().map(short).collect();
    let expected: BTreeSet<String> = EXPECTED.iter().map(|line| (*line).to_owned()).collect();
    let (more, less): (Vec<_>, Vec<_>) =
        (found.difference(&expected).collect(), expected.difference(&found).collect());
    assert!(more.is_empty() && less.is_empty(), "beyond: {more:#?}\nmissing: {less:#?}");
    for finding in &findings {
        for member in ["reason", "fix", "source", "what"] {
            assert!(!finding[member].as_str().unwrap().is_empty(), "{finding}");
        }
        assert_eq!(finding["file"], DANGEROUS);
    }
}

#[test]
fn what_is_safe_is_written_and_what_is_left_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("template.yaml");
    fs::copy(root().join(DANGEROUS), &file).unwrap();
    let path = file.to_str().unwrap();
    let (code, left) = findings(&[path, "--fix"]);
    assert_eq!(code, Some(1));
    let rules: BTreeSet<&str> = left.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    for mended in [
        "stream-goes-with-its-stack",
        "bucket-goes-with-its-stack",
        "bucket-policy-goes-before-its-bucket",
        "mapping-does-not-bisect",
        "schedule-has-a-fixed-name",
    ] {
        assert!(!rules.contains(mended), "{mended} is left");
    }
    assert!(rules.contains("mapping-retries-for-ever"));
    let (before, after) =
        (fs::read_to_string(root().join(DANGEROUS)).unwrap(), fs::read_to_string(&file).unwrap());
    let new: Vec<&str> = after.lines().filter(|line| !before.contains(line)).collect();
    assert!(
        new.contains(&"            BisectBatchOnFunctionError: true")
            || before.contains("BisectBatchOnFunctionError: true")
    );
    assert!(new.contains(&"    DeletionPolicy: RetainExceptOnCreate"), "{new:?}");
    let kept: Vec<&str> = after.lines().filter(|line| before.lines().any(|old| old == *line)).collect();
    assert!(kept.len() >= before.lines().count(), "no line of the template is lost");
    let again = fs::read_to_string(&file).unwrap();
    findings(&[path, "--fix"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), again, "a second time changes nothing");
}

#[test]
fn an_update_is_told_what_it_would_replace_delete_or_have_refused() {
    let (code, findings) = findings(&["tests/check/changed.yaml", "--against", "tests/check/deployed.yaml"]);
    assert_eq!(code, Some(1));
    let of_update =
        findings.iter().filter(|finding| finding["rule"].as_str().unwrap().starts_with("update-"));
    let found: BTreeSet<String> = of_update
        .map(|finding| format!("{} {}", finding["severity"].as_str().unwrap(), short(finding)))
        .collect();
    // A resource that is gone has no line of its own, so its finding has the line of the section around it.
    let expected = [
        "error update-replaces Named 11",
        "error update-is-refused Stream 6",
        "error update-deletes Old 1",
        "warning update-deletes Gone 1",
        "error update-replaces Function 19",
        "error update-replaces Delivery 23",
    ];
    assert_eq!(found, expected.map(ToOwned::to_owned).into());
    let same = self::findings(&["tests/check/deployed.yaml", "--against", "tests/check/deployed.yaml"]);
    assert!(same.1.iter().all(|finding| !finding["rule"].as_str().unwrap().starts_with("update-")));
}

#[test]
fn parameters_that_contradict_each_other_are_one_line_of_the_template_s_own() {
    let output = check(&["--parameter", "LedgerEpoch=2"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let first = said.lines().next().unwrap();
    assert!(first.starts_with("template.yaml:") && first.contains("error: Rules."), "{said}");
    let output = check(&["no/such/template.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
}

#[test]
fn sarif_names_the_rule_the_file_and_the_line_of_each_finding() {
    let output = check(&[DANGEROUS, "--output", "sarif"]);
    let sarif: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let (rules, results) =
        (run["tool"]["driver"]["rules"].as_array().unwrap(), run["results"].as_array().unwrap());
    assert_eq!(results.len(), findings(&[DANGEROUS]).1.len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], DANGEROUS);
        assert!(place["region"]["startLine"].as_u64().unwrap() > 1);
    }
}
