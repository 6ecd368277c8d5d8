//! Gradual deployment: who calls what, when it moves, and when it moves back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{DOMAIN, GRADUAL, Resources, TABLE, combinations, given, of_kind, resources};

/// The functions that a poller calls: those that read a stream, and those before a destination.
fn called(resources: &Resources) -> Vec<&str> {
    let functions = of_kind(resources, "AWS::Serverless::Function").into_iter();
    functions.map(|(place, _)| place).filter(|place| !place.ends_with("ProducerFunction")).collect()
}

/// `Tweets/ConsumerFunction` has the name `TweetsConsumerFunction`.
fn name(place: &str) -> String {
    place.replace('/', "")
}

fn arn(place: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{}", name(place))
}

/// Whom every mapping and every delivery stream calls.
fn targets(resources: &Resources) -> Vec<String> {
    let mut targets = Vec::new();
    for (_, mapping) in of_kind(resources, "AWS::Lambda::EventSourceMapping") {
        targets.push(mapping["Properties"]["FunctionName"].as_str().unwrap().to_owned());
    }
    for (_, delivery) in of_kind(resources, "AWS::KinesisFirehose::DeliveryStream") {
        for destination in delivery["Properties"].as_object().unwrap().values() {
            let parameters = &destination["ProcessingConfiguration"]["Processors"][0]["Parameters"];
            let mut parameters = parameters.as_array().into_iter().flatten();
            if let Some(function) = parameters.find(|each| each["ParameterName"] == "LambdaArn") {
                targets.push(function["ParameterValue"].as_str().unwrap().to_owned());
            }
        }
    }
    targets.sort_unstable();
    targets
}

#[test]
fn every_poller_calls_the_alias_where_new_code_takes_over_gradually_and_else_the_function() {
    for (parameters, resources) in combinations() {
        let is_gradual = parameters.contains_key(GRADUAL.0);
        let called = called(&resources);
        let mut expected: Vec<String> = called
            .iter()
            .map(|place| match (is_gradual, place.ends_with("ConsumerFunction")) {
                (true, _) => format!("{}:live", arn(place)),
                (false, true) => name(place),
                (false, false) => arn(place),
            })
            .collect();
        expected.sort_unstable();
        assert_eq!(targets(&resources), expected, "{parameters:?}");
        let aliases = of_kind(&resources, "AWS::Lambda::Alias").len();
        assert_eq!(aliases, if is_gradual { called.len() } else { 0 }, "{parameters:?}");
    }
}

#[test]
fn an_alias_moves_as_its_group_says_and_back_when_an_alarm_of_the_template_rings() {
    for (parameters, resources) in combinations() {
        for place in called(&resources).into_iter().filter(|_| parameters.contains_key(GRADUAL.0)) {
            let part = |suffix: &str| &resources[&place.replace("Function", suffix)];
            let (alias, group) = (part("Alias"), part("DeploymentGroup"));
            let version = json!({"FunctionName": name(place), "FunctionVersion": "1", "Name": "live"});
            assert_eq!(alias["Properties"], version, "{place}");
            assert_eq!(part("Version")["Properties"]["FunctionName"], name(place));
            let moves = &alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"];
            assert_eq!(moves["DeploymentGroupName"], name(&place.replace("Function", "DeploymentGroup")));
            let application = &group["Properties"]["ApplicationName"];
            assert_eq!(&moves["ApplicationName"], application);
            assert_eq!(
                group["Properties"]["DeploymentConfigName"],
                format!("CodeDeployDefault.Lambda{}", GRADUAL.1)
            );
            assert_eq!(group["Properties"]["AutoRollbackConfiguration"]["Enabled"], true);
            rings(&resources, group, place);
        }
    }
}

/// Each alarm of the group is one of the template and about the group's function, and one of them rings within minutes.
#[track_caller]
fn rings(resources: &Resources, group: &Value, place: &str) {
    let alarms = of_kind(resources, "AWS::CloudWatch::Alarm");
    let mut seconds = Vec::new();
    for named in group["Properties"]["AlarmConfiguration"]["Alarms"].as_array().unwrap() {
        let alarm = alarms.iter().find(|(alarm, _)| named["Name"] == name(alarm));
        let alarm = &alarm.unwrap_or_else(|| panic!("{place}: no alarm is named {named}")).1["Properties"];
        assert_eq!(alarm["Dimensions"][0]["Value"], name(place), "{named}");
        let points = alarm.get("DatapointsToAlarm").unwrap_or(&alarm["EvaluationPeriods"]);
        seconds.push(alarm["Period"].as_u64().unwrap() * points.as_u64().unwrap());
    }
    assert!(seconds.iter().any(|seconds| *seconds <= 120), "{place}: {seconds:?}");
}

#[test]
fn without_it_nothing_of_it_is_made() {
    let resources = resources(&given(&[("Release", "r1")]));
    for kind in ["AWS::CodeDeploy::", "AWS::Lambda::Version", "AWS::Lambda::Alias"] {
        let made =
            resources.iter().filter(|(_, resource)| resource["Type"].as_str().unwrap().starts_with(kind));
        assert_eq!(made.count(), 0, "{kind}");
    }
    assert!(!resources.keys().any(|place| place.contains("Release") || place.contains("Deployment")));
}

/// What Lambda copies into a version: all but what belongs to the function itself.
fn held(function: &Value) -> Value {
    let mut properties = function["Properties"].clone();
    for own in ["CodeUri", "EventInvokeConfig", "Events", "ReservedConcurrentExecutions", "Role"] {
        properties.as_object_mut().unwrap().remove(own);
    }
    properties
}

/// Lambda publishes no version of a function that has not changed, and `CloudFormation` publishes none whose
/// description has not: the one must change where the other does.
#[test]
fn a_version_is_published_where_a_parameter_changes_what_it_holds_and_nowhere_else() {
    let base = [
        GRADUAL,
        TABLE[0],
        TABLE[1],
        ("OpenSearchDomainArn", DOMAIN),
        ("DeliveryLevel", "ledger"),
        ("Release", "r1"),
    ];
    let before = resources(&given(&base));
    let mut moved = BTreeMap::new();
    for change in [
        ("Architecture", "x86_64"),
        ("DeliveryLevel", "batch"),
        ("ExistingBucket", "theirs"),
        ("IcebergTable", "lake.other"),
        ("LedgerEpoch", "2"),
        ("Release", "r2"),
        // These change no function that a poller calls, or nothing that a version holds.
        ("AlarmTopicArn", "arn:aws:sns:us-east-1:000000000000:pager"),
        ("ConsumerConcurrency", "3"),
        ("CrimeShards", "7"),
        ("GradualDeployment", "AllAtOnce"),
        ("KmsKeyArn", "arn:aws:kms:us-east-1:000000000000:key/mine"),
        ("LogRetentionDays", "7"),
        ("MaximumRetryAttempts", "3"),
        ("OpenSearchDomainArn", "arn:aws:es:us-east-1:000000000000:domain/other"),
        ("RetentionHours", "168"),
        ("StreamMode", "ON_DEMAND"),
        ("TransformConcurrency", "3"),
        ("TweetsStreamArn", "arn:aws:kinesis:us-east-1:000000000000:stream/theirs"),
    ] {
        let mut parameters = given(&base);
        parameters.insert(change.0.to_owned(), change.1.to_owned());
        let after = resources(&parameters);
        for place in called(&before) {
            let version = place.replace("Function", "Version");
            let description =
                |resources: &Resources| resources[&version]["Properties"]["Description"].clone();
            let is_held = held(&before[place]) != held(&after[place]);
            assert_eq!(description(&before) != description(&after), is_held, "{place}: {change:?}");
            *moved.entry(change.0).or_insert(0) += usize::from(is_held);
        }
    }
    let all = called(&before).len();
    assert_eq!((moved["Architecture"], moved["Release"], moved["ExistingBucket"]), (all, all, all));
    assert_eq!((moved["DeliveryLevel"], moved["LedgerEpoch"], moved["IcebergTable"]), (2, 2, 1));
    assert_eq!(moved["RetentionHours"], 0);
}

/// Lambda takes 256 characters.
#[test]
fn the_description_of_a_version_has_room_for_the_longest_values() {
    let longest = [
        GRADUAL,
        ("Release", "0123456789012345678901234567890123456789"),
        ("DeliveryLevel", "ledger"),
        ("LedgerEpoch", "01234567890123456789012345678901"),
        ("ExistingBucket", "a23456789012345678901234567890123456789012345678901234567890123"),
    ];
    // A layer of a project, which no parameter of this template gives.
    let layer = "arn:aws:lambda:ap-southeast-2:123456789012:layer:Schemas0123456789:1234".len();
    for (place, version) in of_kind(&resources(&given(&longest)), "AWS::Lambda::Version") {
        let characters = version["Properties"]["Description"].as_str().unwrap().chars().count();
        assert!(characters + layer <= 256, "{place}: {characters}");
    }
}
