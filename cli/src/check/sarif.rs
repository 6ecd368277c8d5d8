//! Writes findings as SARIF 2.1.0, which code hosts show beside the lines.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Checked;
use super::finding::Finding;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn sarif(checked: &Checked) -> serde_json::Result<String> {
    let used: BTreeMap<&str, &Finding> =
        checked.findings.iter().map(|finding| (finding.rule, finding)).collect();
    let rules: Vec<Value> = used.values().map(|finding| rule(finding)).collect();
    let index = |finding: &Finding| used.keys().position(|id| *id == finding.rule);
    let results: Vec<Value> =
        checked.findings.iter().map(|finding| result(finding, index(finding))).collect();
    let notes: Vec<Value> =
        checked.unread.iter().map(|line| json!({"level": "note", "message": {"text": line}})).collect();
    let driver = json!({
        "name": "kinflow",
        "version": env!("CARGO_PKG_VERSION"),
        "informationUri": "https://docs.aws.amazon.com/streams/",
        "rules": rules,
    });
    let invocation = json!({"executionSuccessful": true, "toolExecutionNotifications": notes});
    let run = json!({"tool": {"driver": driver}, "invocations": [invocation], "results": results});
    serde_json::to_string_pretty(&json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}))
}

fn rule(finding: &Finding) -> Value {
    let mut rule = json!({
        "id": finding.rule,
        "shortDescription": {"text": finding.rule.replace('-', " ")},
        "fullDescription": {"text": finding.reason},
        "help": {"text": format!("{} Source: {}", finding.fix, finding.source)},
        "defaultConfiguration": {"level": finding.severity.word()},
    });
    if let Some(rule) = rule.as_object_mut().filter(|_| finding.source.starts_with("https://")) {
        rule.insert("helpUri".to_owned(), json!(finding.source));
    }
    rule
}

fn result(finding: &Finding, index: Option<usize>) -> Value {
    let place = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(finding)},
            "region": {"startLine": finding.line, "startColumn": finding.column},
        },
        "logicalLocations": [{"fullyQualifiedName": finding.place}],
    });
    json!({
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity.word(),
        "message": {"text": format!("{}: {}. {} {}", finding.place, finding.what, finding.reason, finding.fix)},
        "locations": [place],
    })
}

/// Writes a path as a URI. Other bytes than plain characters of a path are percent-encoded.
fn uri(finding: &Finding) -> String {
    let path = finding.file.to_string_lossy();
    let mut uri = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase();
            uri.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    uri
}
