//! Checks that every alarm and every graph of the dashboard uses a metric that the binaries print or that AWS
//! documents, with its dimensions. No lint checks this.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::example_run;

/// Metrics of AWS: namespace, name, and the only dimension under which the templates ask for it. From the pages
/// "Types of metrics for Lambda functions", "Monitor Amazon Data Firehose using CloudWatch metrics", "Monitor the Amazon
/// Kinesis Data Streams service with Amazon CloudWatch" and "Monitoring Amazon `EventBridge` Scheduler with Amazon
/// CloudWatch".
const OF_AWS: [(&str, &str, &str); 17] = [
    ("AWS/Firehose", "DeliveryToAmazonOpenSearchService.DataFreshness", "DeliveryStreamName"),
    ("AWS/Firehose", "DeliveryToAmazonOpenSearchService.Success", "DeliveryStreamName"),
    ("AWS/Firehose", "DeliveryToIceberg.DataFreshness", "DeliveryStreamName"),
    ("AWS/Firehose", "DeliveryToIceberg.FailedRowCount", "DeliveryStreamName"),
    ("AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName"),
    ("AWS/Firehose", "ThrottledGetRecords", "DeliveryStreamName"),
    ("AWS/Kinesis", "IncomingRecords", "StreamName"),
    ("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName"),
    ("AWS/Lambda", "AsyncEventsDropped", "FunctionName"),
    ("AWS/Lambda", "DestinationDeliveryFailures", "FunctionName"),
    // These two need `MetricsConfig: {Metrics: [EventCount]}` at the mapping.
    ("AWS/Lambda", "DroppedEventCount", "EventSourceMappingUUID"),
    ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", "EventSourceMappingUUID"),
    ("AWS/Lambda", "Errors", "FunctionName"),
    ("AWS/Lambda", "IteratorAge", "FunctionName"),
    ("AWS/Lambda", "Throttles", "FunctionName"),
    ("AWS/Scheduler", "InvocationDroppedCount", "ScheduleGroup"),
    ("AWS/Scheduler", "TargetErrorCount", "ScheduleGroup"),
];

/// What reads a metric, and which metric it is.
struct Use {
    by: String,
    namespace: String,
    metric: String,
    dimensions: BTreeMap<String, String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn resources() -> BTreeMap<String, Value> {
    let parameters = [
        ("AlarmTopicArn", "arn:aws:sns:us-east-1:000000000000:pager"),
        ("OpenSearchDomainArn", "arn:aws:es:us-east-1:000000000000:domain/search"),
        ("GradualDeployment", "Canary10Percent5Minutes"),
        ("Release", "r1"),
        ("IcebergTable", "lake.crime"),
        ("IcebergLocation", "lake-files/crime"),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    template::resources(&root().join("template.yaml"), &parameters.into()).unwrap()
}

fn of_kind<'r>(resources: &'r BTreeMap<String, Value>, kind: &str) -> Vec<(&'r str, &'r Value)> {
    let found = resources.iter().filter(|(_, resource)| resource["Type"] == kind);
    found.map(|(id, resource)| (id.as_str(), &resource["Properties"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn uses(resources: &BTreeMap<String, Value>) -> Vec<Use> {
    let mut uses = Vec::new();
    for (id, alarm) in of_kind(resources, "AWS::CloudWatch::Alarm") {
        let dimensions = alarm["Dimensions"].as_array().unwrap().iter();
        uses.push(Use {
            by: id.to_owned(),
            namespace: text(&alarm["Namespace"]),
            metric: text(&alarm["MetricName"]),
            dimensions: dimensions.map(|each| (text(&each["Name"]), text(&each["Value"]))).collect(),
        });
    }
    for (id, dashboard) in of_kind(resources, "AWS::CloudWatch::Dashboard") {
        let body: Value = serde_json::from_str(dashboard["DashboardBody"].as_str().unwrap()).unwrap();
        for widget in body["widgets"].as_array().unwrap() {
            for metric in widget["properties"]["metrics"].as_array().unwrap() {
                let parts: Vec<String> = metric.as_array().unwrap().iter().map(text).collect();
                let dimensions = parts[2..].chunks(2).map(|pair| (pair[0].clone(), pair[1].clone()));
                uses.push(Use {
                    by: id.to_owned(),
                    namespace: parts[0].clone(),
                    metric: parts[1].clone(),
                    dimensions: dimensions.collect(),
                });
            }
        }
    }
    assert!(uses.len() > 40, "{}", uses.len());
    uses
}

/// The physical names of everything that a dimension can name: `Crime/Stream` is `CrimeStream`.
fn names(resources: &BTreeMap<String, Value>, dimension: &str) -> BTreeSet<String> {
    let kind = match dimension {
        "DeliveryStreamName" => "AWS::KinesisFirehose::DeliveryStream",
        "StreamName" => "AWS::Kinesis::Stream",
        "ScheduleGroup" => "AWS::Scheduler::ScheduleGroup",
        "EventSourceMappingUUID" => "AWS::Lambda::EventSourceMapping",
        _ => "AWS::Serverless::Function",
    };
    let found = resources.iter().filter(|(_, resource)| resource["Type"] == kind);
    let counts = |mapping: &Value| mapping["Properties"]["MetricsConfig"]["Metrics"][0] == "EventCount";
    let found = found.filter(|(_, resource)| dimension != "EventSourceMappingUUID" || counts(resource));
    found.map(|(id, _)| id.replace('/', "")).collect()
}

#[test]
fn every_metric_of_aws_is_documented_and_is_about_something_of_the_template() {
    let resources = resources();
    for used in uses(&resources).iter().filter(|used| used.namespace != "kinflow") {
        let Use { by, namespace, metric, dimensions } = used;
        let documented = OF_AWS.iter().find(|(space, name, _)| space == namespace && name == metric);
        let (.., dimension) =
            documented.unwrap_or_else(|| panic!("{by}: {namespace} has no metric {metric}"));
        assert_eq!(dimensions.keys().collect::<Vec<_>>(), [dimension], "{by}: {metric}");
        let known = names(&resources, dimension);
        assert!(known.contains(&dimensions[*dimension]), "{by}: {dimensions:?} is none of {known:?}");
    }
}

/// The metrics that the functions of a run printed: their own name, kind, data set, and the names of their metrics.
fn printed() -> Vec<(Value, BTreeSet<String>)> {
    let folder = example_run::run();
    let mut documents = Vec::new();
    for file in std::fs::read_dir(folder.path().join("logs")).unwrap() {
        let log = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let lines = log.lines().filter_map(|line| line.get(line.find('{')?..));
        documents.extend(lines.filter_map(|line| serde_json::from_str::<Value>(line).ok()));
    }
    let metrics = documents.into_iter().filter(|document| document.get("_aws").is_some());
    metrics.map(|document| (document.clone(), names_of(&document))).collect()
}

fn names_of(document: &Value) -> BTreeSet<String> {
    let directive = &document["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "kinflow");
    assert_eq!(directive["Dimensions"], serde_json::json!([["function", "data_set"]]));
    directive["Metrics"].as_array().unwrap().iter().map(|metric| text(&metric["Name"])).collect()
}

#[test]
fn every_metric_of_kinflow_is_printed_by_the_binary_of_the_function_it_is_asked_of() {
    let (resources, printed) = (resources(), printed());
    for used in uses(&resources).iter().filter(|used| used.namespace == "kinflow") {
        let Use { by, metric, dimensions, .. } = used;
        assert_eq!(dimensions.keys().collect::<Vec<_>>(), ["data_set", "function"], "{by}");
        // Functions for OpenSearch and for tables do not run here, and have the same binary as their sibling.
        let function = dimensions["function"].replace("SearchTransform", "Transform");
        let function = function.replace("TableTransform", "Transform");
        let own: Vec<_> = printed.iter().filter(|(document, _)| document["function"] == function).collect();
        assert!(!own.is_empty(), "{by}: nothing was printed by {function:?}");
        for (document, _) in &own {
            assert_eq!(document["data_set"], dimensions["data_set"], "{by}");
        }
        let has_it = own.iter().any(|(_, names)| names.contains(metric));
        assert!(has_it, "{by}: {function} does not print {metric}, but {:?}", own[0].1);
    }
}

/// The section of an alarm: `Tweets/ConsumerBehindAlarm` has `ConsumerBehind`.
fn section(alarm: &str) -> &str {
    alarm.rsplit('/').next().unwrap().strip_suffix("Alarm").unwrap()
}

#[test]
fn every_alarm_names_its_section_of_the_runbook_and_each_section_is_of_an_alarm() {
    let resources = resources();
    let runbook = std::fs::read_to_string(root().join("docs/runbook.md")).unwrap();
    let sections: BTreeSet<&str> = runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let alarms = of_kind(&resources, "AWS::CloudWatch::Alarm");
    for (id, alarm) in &alarms {
        let description = alarm["AlarmDescription"].as_str().unwrap();
        assert!(description.ends_with(&format!("docs/runbook.md, {}.", section(id))), "{id}: {description}");
        assert_eq!(alarm["AlarmActions"][0], "arn:aws:sns:us-east-1:000000000000:pager", "{id}");
    }
    assert_eq!(alarms.iter().map(|(id, _)| section(id)).collect::<BTreeSet<_>>(), sections);
}

#[test]
fn no_alarm_is_made_without_somebody_to_tell() {
    let resources = template::resources(&root().join("template.yaml"), &BTreeMap::new()).unwrap();
    assert!(of_kind(&resources, "AWS::CloudWatch::Alarm").is_empty());
}
