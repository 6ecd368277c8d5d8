//! Small templates in the shape of public ones: each is read, and what is not run is reported once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use template::{
    AsynchronousRetries, Compression, IndexRotation, OnFailure, Role, ScheduleService, SearchIndex,
    StartingPosition, StreamMode, Topology,
};

fn read(name: &str) -> Topology {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/shapes").join(name);
    template::read(&path, &BTreeMap::new()).unwrap()
}

#[track_caller]
fn left_out(topology: &Topology, expected: &[&str]) {
    let mut found: Vec<&str> = topology.left_out.iter().map(String::as_str).collect();
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[track_caller]
fn unrun_takers(topology: &Topology, stream: &str, expected: &[&str]) {
    let mut found: Vec<&str> = topology.unrun_takers.iter().map(|taker| taker.reason.as_str()).collect();
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert!(topology.unrun_takers.iter().all(|taker| taker.stream == stream));
}

#[test]
fn a_function_of_another_runtime_behind_a_stream() {
    let topology = read("node_consumer.yaml");
    left_out(&topology, &[]);
    let function = &topology.functions[0];
    assert_eq!((function.binary.as_str(), function.runtime.as_deref()), ("src", Some("nodejs22.x")));
    assert_eq!(topology.mappings[0].starting_position, StartingPosition::Latest);
}

#[test]
fn a_function_that_can_not_be_run_leaves_out_what_invokes_it() {
    let mut topology = read("node_consumer.yaml");
    topology.left_out.clear();
    topology.leave_out_function("ReaderFunction", "it has no program");
    let mapping = "ReaderFunction/Stream: is left out: function \"ReaderFunction\" is not run here";
    left_out(&topology, &["ReaderFunction: it has no program", mapping]);
    unrun_takers(&topology, "Stream", &[mapping]);
    assert!(topology.functions.is_empty() && topology.mappings.is_empty());
}

#[test]
fn a_delivery_stream_that_is_written_to_directly() {
    let topology = read("direct_put.yaml");
    left_out(
        &topology,
        &[
            "Delivery: a delivery stream without a Kinesis stream behind it is not run here",
            "B.Properties.NotificationConfiguration: is not known here and has no effect",
            "TransformFunction.Properties.Layers: is not known here and has no effect",
        ],
    );
    assert_eq!(topology.functions[0].timeout, Duration::from_mins(2));
    assert!(topology.buckets[0].len() >= 3, "{:?}", topology.buckets);
}

#[test]
fn lists_loops_and_queues() {
    let topology = read("log_writer.yaml");
    left_out(
        &topology,
        &[
            "Parameters.Domain: is the name of an SSM parameter, which is used as its value here",
            "Queue: a resource of type AWS::SQS::Queue is not run here",
            "Fn::ForEach::Topics: a loop is not run here, so its resources are left out",
            "WriterFunction.Properties.Environment.Variables.IMPORTED: Fn::ImportValue has no value on this machine, so it has no effect",
            "WriterFunction.Properties.Environment.Variables.SECRET: a dynamic reference is used as it is written",
            "WriterFunction.Properties.Events.Queue: an event of type SQS is not run here",
            "Logs: is on demand, and keeps its first 4 shards here",
        ],
    );
    let variables = &topology.functions[0].variables;
    let url = "https://sqs.us-east-1.amazonaws.com/000000000000/Queue";
    assert_eq!(variables.get("QUEUE_URL").map(String::as_str), Some(url));
    assert_eq!(variables.get("ZONES").map(String::as_str), Some("a+b"));
    assert_eq!(variables.get("LAST").map(String::as_str), Some("y"));
    assert!(!variables.contains_key("IMPORTED") && !variables.contains_key("NOTHING"));
    assert_eq!(topology.streams[0].mode, StreamMode::OnDemand);
    assert_eq!(topology.deliveries[0].prefix, "logs/");
    assert!(topology.schedules[0].enabled);
    assert_eq!(topology.functions[0].reserved_concurrency, Some(2));
}

#[test]
fn a_consumer_with_enhanced_fan_out() {
    let topology = read("fan_out.yaml");
    let sender = "sender-00000000-0000-0000-0000-000000000000";
    left_out(&topology, &[]);
    let mapping = &topology.mappings[0];
    assert_eq!((mapping.stream.as_str(), mapping.consumer.as_deref()), ("Stream", Some("readers:1")));
    let schedule = &topology.schedules[0];
    assert_eq!((schedule.function.as_str(), &schedule.input), (sender, &None));
    assert_eq!(schedule.service, ScheduleService::EventBridgeRule);
}

#[test]
fn resources_without_sam() {
    let topology = read("without_sam.yaml");
    let filter = "Filtered.Properties.FilterCriteria: is not run here, so the mapping is left out";
    let pipe = "Pipe: a resource of type AWS::Pipes::Pipe is not run here";
    let packaged = "PackagedMapping: is left out: function \"Packaged\" is not run here";
    left_out(
        &topology,
        &[
            filter,
            pipe,
            packaged,
            "Packaged: has no local code; Metadata.BuildProperties.Binary can name a binary that stands in for it",
            "Elsewhere: is left out: stream \"other\" is not run here",
            "Rule.Properties.Targets[1].Arn: is \"arn:aws:sqs:us-east-1:000000000000:q\", and only functions are invoked here",
            "Deployments: a rule without ScheduleExpression is not run here",
        ],
    );
    unrun_takers(&topology, "Stream", &[filter, pipe, packaged]);
    assert_eq!(topology.streams[0].retention, Duration::from_hours(48));
    let reader = &topology.functions[0];
    assert_eq!((reader.binary.as_str(), reader.role), ("reader", Some(Role::Consumer)));
    let once = AsynchronousRetries { maximum_retry_attempts: 0, maximum_event_age: Duration::from_mins(1) };
    assert_eq!(reader.asynchronous, once);
    let mapping = &topology.mappings[0];
    let midnight = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(mapping.starting_position, StartingPosition::AtTimestamp(midnight));
    assert_eq!(mapping.on_failure, Some(OnFailure::Bucket("data".to_owned())));
    let schedules: Vec<_> =
        topology.schedules.iter().map(|schedule| (schedule.name.as_str(), schedule.enabled)).collect();
    assert_eq!(schedules, [("Nightly", true), ("Rule/reader", false)]);
}

#[test]
fn deliveries_with_every_setting() {
    let topology = read("deliveries.yaml");
    let unrun = [
        "Parquet.Properties.ExtendedS3DestinationConfiguration.DataFormatConversionConfiguration: conversion to Parquet or ORC is not run here, so the delivery stream is left out",
        "Extracted.Properties.ExtendedS3DestinationConfiguration.ProcessingConfiguration.Processors[0].Type: MetadataExtraction is not run here, so the delivery stream is left out",
        "Abroad: is left out: bucket \"elsewhere\" is not in the template",
    ];
    left_out(&topology, &unrun);
    unrun_takers(&topology, "Stream", &unrun);
    let to_s3: Vec<_> = topology.deliveries.iter().filter(|delivery| delivery.search.is_none()).collect();
    let [delivery, zip] = to_s3.as_slice() else { panic!("{:?}", topology.deliveries) };
    assert_eq!((delivery.time_zone.as_str(), delivery.error_prefix.as_str()), ("Asia/Tokyo", "errors/"));
    assert_eq!(delivery.record_delimiter.as_deref(), Some("\n"));
    assert_eq!(zip.compression, Compression::Zip);
    let backup = delivery.backup.as_ref().unwrap();
    assert_eq!((backup.prefix.as_str(), backup.compression), ("backup/", Compression::Gzip));
}

#[test]
fn a_delivery_to_open_search_keeps_its_documents_in_a_bucket_too() {
    let mut topology = read("deliveries.yaml");
    let search = topology.deliveries.iter().find(|delivery| delivery.name == "Search").unwrap();
    let index = SearchIndex {
        name: "i".to_owned(),
        rotation: IndexRotation::Week,
        gives_ids: false,
        retry: Duration::ZERO,
        buffer_bytes: 1 << 20,
        buffer_interval: Duration::ZERO,
    };
    assert_eq!(search.search.as_ref(), Some(&index));
    assert_eq!((search.prefix.as_str(), search.error_prefix.as_str()), ("documents/", "errors/"));
    assert_eq!(search.backup.as_ref().unwrap().prefix, "documents/");
    topology.leave_out_searches("no server is given");
    assert!(topology.deliveries.iter().all(|delivery| delivery.search.is_none()));
    let last = topology.unrun_takers.last().unwrap();
    assert_eq!(last.reason, "Search: is left out: no server is given");
}

#[test]
fn schedules_that_begin_later_or_end() {
    let topology = read("bounded_schedules.yaml");
    left_out(&topology, &[]);
    let bounds = topology.schedules.iter().map(|schedule| {
        let text = |bound: Option<jiff::Timestamp>| bound.map(|bound| bound.to_string());
        (schedule.name.as_str(), text(schedule.start), text(schedule.end))
    });
    let time = |text: &str| Some(text.to_owned());
    let mut bounds: Vec<_> = bounds.collect();
    bounds.sort_unstable();
    let expected = [
        ("Campaign/Hourly", time("2026-12-01T08:00:00Z"), time("2026-12-24T18:00:00Z")),
        ("Nightly", None, time("2026-12-31T22:59:59Z")),
    ];
    assert_eq!(bounds, expected);
}
