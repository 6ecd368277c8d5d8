//! The law of the three classes: everything in a template is run, known to have no effect, or reported once.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use template::Topology;

/// Kinds that are run, each with the properties it can't be without.
fn run(kind: &str) -> Value {
    match kind {
        "AWS::Serverless::Function" => json!({"CodeUri": "one"}),
        "AWS::Lambda::Function" => json!({"Code": "one"}),
        "AWS::Lambda::EventSourceMapping" => {
            json!({"FunctionName": "F", "EventSourceArn": {"Fn::GetAtt": "S.Arn"}, "StartingPosition": "TRIM_HORIZON"})
        }
        "AWS::Scheduler::Schedule" => {
            json!({"ScheduleExpression": "rate(1 day)", "Target": {"Arn": {"Fn::GetAtt": "F.Arn"}, "Input": "{}"}})
        }
        "AWS::Events::Rule" => {
            let target = json!({"Id": "t", "Arn": {"Fn::GetAtt": "F.Arn"}, "Input": "{}"});
            json!({"ScheduleExpression": "rate(1 day)", "Targets": [target]})
        }
        "AWS::KinesisFirehose::DeliveryStream" => json!({
            "KinesisStreamSourceConfiguration": {"KinesisStreamARN": {"Fn::GetAtt": "S.Arn"}},
            "ExtendedS3DestinationConfiguration": {"BucketARN": {"Fn::GetAtt": "Data.Arn"}},
        }),
        _ => json!({}),
    }
}

const RUN: [&str; 8] = [
    "AWS::S3::Bucket",
    "AWS::Kinesis::Stream",
    "AWS::Serverless::Function",
    "AWS::Lambda::Function",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Scheduler::Schedule",
    "AWS::Events::Rule",
    "AWS::KinesisFirehose::DeliveryStream",
];
const WITHOUT_EFFECT: [&str; 5] = [
    "AWS::IAM::Role",
    "AWS::Logs::LogGroup",
    "AWS::CloudWatch::Alarm",
    "AWS::S3::BucketPolicy",
    "AWS::Lambda::Permission",
];
const NOT_RUN: [&str; 6] = [
    "AWS::SQS::Queue",
    "AWS::DynamoDB::Table",
    "AWS::Serverless::Api",
    // Without a file of their own, as these are here.
    "AWS::Serverless::Application",
    "AWS::CloudFormation::Stack",
    "Custom::Thing",
];

/// A name nobody knows, and a value it may have, functions that have no value here among them.
fn unknown() -> impl Strategy<Value = (String, Value)> {
    let values = [
        json!(1),
        json!("text"),
        json!([1, {"a": 2}]),
        json!({"Ref": "AWS::Region"}),
        json!({"Fn::ImportValue": "x"}),
        json!({"Deep": {"Deeper": true}}),
    ];
    ("Zz[A-Za-z0-9]{1,8}", select(values.to_vec()))
}

/// Unknown properties of a resource: some at its top, some one level down where it has such a level.
type Unknown = (Vec<(String, Value)>, Vec<(String, Value)>);

fn resources() -> impl Strategy<Value = Vec<(&'static str, Unknown)>> {
    let kinds = [&RUN[..], &WITHOUT_EFFECT[..], &NOT_RUN[..]].concat();
    let names = || prop::collection::btree_map("Zz[A-Za-z0-9]{1,8}", unknown(), 0..3);
    let some =
        || names().prop_map(|names| names.into_iter().map(|(name, (_, value))| (name, value)).collect());
    prop::collection::vec((select(kinds), (some(), some())), 0..12)
}

/// The level below a resource's properties into which unknown ones are put as well.
fn inner_level(kind: &str) -> Option<&'static str> {
    match kind {
        "AWS::Serverless::Function" => Some("Environment"),
        "AWS::Scheduler::Schedule" => Some("Target"),
        "AWS::KinesisFirehose::DeliveryStream" => Some("ExtendedS3DestinationConfiguration"),
        "AWS::Lambda::EventSourceMapping" => Some("DestinationConfig"),
        _ => None,
    }
}

fn add(properties: &mut Map<String, Value>, unknown: &[(String, Value)]) {
    properties.extend(unknown.iter().cloned());
}

/// The template, and the place of everything in it that has to be named.
fn template(resources: &[(&'static str, Unknown)]) -> (Value, Vec<String>) {
    let mut all = json!({
        "S": {"Type": "AWS::Kinesis::Stream"},
        "Data": {"Type": "AWS::S3::Bucket"},
        "F": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "one"}},
    });
    let mut named = Vec::new();
    for (index, (kind, (outer, inner))) in resources.iter().enumerate() {
        let id = format!("R{index}");
        let mut properties = run(kind);
        add(properties.as_object_mut().unwrap(), outer);
        let is_run = RUN.contains(kind);
        let level = inner_level(kind).filter(|_| is_run);
        if let Some(level) = level {
            let below = properties.as_object_mut().unwrap().entry(level).or_insert_with(|| json!({}));
            add(below.as_object_mut().unwrap(), inner);
            named.extend(inner.iter().map(|(name, _)| format!("{id}.Properties.{level}.{name}")));
        }
        if is_run {
            named.extend(outer.iter().map(|(name, _)| format!("{id}.Properties.{name}")));
        } else if NOT_RUN.contains(kind) {
            named.push(id.clone());
        }
        all[&id] = json!({"Type": kind, "Properties": properties});
    }
    (json!({ "Resources": all }), named)
}

fn read(document: &Value) -> Result<Topology, template::TemplateError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, document.to_string()).unwrap();
    template::read(&path, &BTreeMap::new())
}

proptest! {
    // Each case reads a template of up to 15 resources.
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn each_unknown_kind_and_property_is_named_exactly_once(resources in resources()) {
        let (document, mut expected) = template(&resources);
        let topology = read(&document).unwrap();
        let places = topology.left_out.iter().map(|line| line.split(": ").next().unwrap().to_owned());
        let mut places: Vec<String> = places.collect();
        places.sort();
        expected.sort();
        prop_assert_eq!(places, expected);
    }

    #[test]
    fn whatever_a_template_holds_it_is_read_or_refused_in_a_line(
        kind in select([&RUN[..], &NOT_RUN[3..5]].concat()), name in select(vec![
            "Location", "TemplateURL", "Parameters",
            "ShardCount", "CodeUri", "Code", "Environment", "Events", "FunctionName", "Name", "BucketName", "Targets",
            "Target", "EventSourceArn", "StartingPosition", "ScheduleExpression", "DestinationConfig", "EventInvokeConfig",
            "ExtendedS3DestinationConfiguration", "KinesisStreamSourceConfiguration", "StreamModeDetails",
        ]),
        value in json_value(),
    ) {
        let mut properties = run(kind);
        properties[name] = value;
        let document = json!({"Resources": {"R": {"Type": kind, "Properties": properties}}});
        if let Err(error) = read(&document) {
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zA-Z0-9:/${}!. -]{0,12}".prop_map(Value::from),
        Just(json!({"Ref": "R"})),
        Just(json!("template.yaml")), // the template itself
        Just(json!({"Fn::GetAtt": "R.Outputs.O"})),
        Just(json!({"Fn::GetAtt": "R.Arn"})),
    ];
    let names = select(vec![
        "Type",
        "Properties",
        "Ref",
        "Fn::Sub",
        "Fn::Join",
        "Fn::If",
        "Arn",
        "Variables",
        "OnFailure",
    ]);
    leaf.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
