//! Checks template.yaml under every combination of its conditions, so that no record can block a shard or vanish.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Value, json};
use template::{IndexRotation, OnFailure, Role, StartingPosition, Topology};

const DOMAIN: &str = "arn:aws:es:eu-west-1:123456789012:domain/crime";

const SOURCE: &str = r#"{"type":"s3","bucket":"b","key":"inputs/crime/rows.csv","format":"csv"}"#;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
}

fn read(parameters: &BTreeMap<String, String>) -> Topology {
    template::read(&path(), parameters).unwrap()
}

fn given(parameters: &[(&str, &str)]) -> BTreeMap<String, String> {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[track_caller]
fn refused(parameters: &[(&str, &str)], place: &str) {
    let error = template::read(&path(), &given(parameters)).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{place}: ")), "{error}");
}

/// Every combination of parameters that changes the resources, with these parameters.
static COMBINATIONS: LazyLock<Vec<(BTreeMap<String, String>, Topology)>> = LazyLock::new(|| {
    let choices = [
        ("Architecture", ["arm64", "x86_64"]),
        ("DeliveryLevel", ["batch", "ledger"]),
        ("RetentionHours", ["24", "168"]),
        ("MaximumRetryAttempts", ["-1", "10"]),
        ("OpenSearchDomainArn", ["", DOMAIN]),
        ("CrimeSource", ["", SOURCE]),
        ("ProducerState", ["ENABLED", "DISABLED"]),
    ];
    let combination = |number: &usize| {
        let chosen = choices.iter().enumerate();
        let chosen: Vec<(&str, &str)> =
            chosen.map(|(index, (name, values))| (*name, values[(number >> index) & 1])).collect();
        let parameters = given(&chosen);
        let topology = read(&parameters);
        (parameters, topology)
    };
    // Every test of this file waits for them, so several threads read.
    let numbers: Vec<usize> = (0..1 << choices.len()).collect();
    std::thread::scope(|scope| {
        let parts: Vec<_> = numbers
            .chunks(numbers.len() / 4)
            .map(|part| scope.spawn(move || part.iter().map(combination).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
});

fn for_each_combination(check: impl Fn(&BTreeMap<String, String>, &Topology)) {
    COMBINATIONS.iter().for_each(|(parameters, topology)| check(parameters, topology));
}

#[test]
fn every_stream_is_taken_by_a_consumer_that_can_neither_block_nor_lose() {
    for_each_combination(|_, topology| {
        let mut read: Vec<&str> = topology.mappings.iter().map(|mapping| mapping.stream.as_str()).collect();
        read.sort_unstable();
        assert_eq!(read, ["TweetsStream", "UsersStream"]);
        for mapping in &topology.mappings {
            let name = &mapping.name;
            assert!(mapping.report_batch_item_failures, "{name}");
            let stream = topology.streams.iter().find(|stream| stream.name == mapping.stream).unwrap();
            let age = mapping.maximum_record_age.unwrap();
            assert!(age < stream.retention, "{name} has nothing left to give up when it does");
            let function = topology.functions.iter().find(|function| function.name == mapping.function);
            let output = &function.unwrap().variables["OUTPUT_BUCKET"];
            assert!(
                matches!(&mapping.on_failure, Some(OnFailure::Bucket(bucket)) if bucket != output),
                "{name} loses what it gives up, or puts it where it could not write"
            );
            assert_eq!(mapping.starting_position, StartingPosition::TrimHorizon, "{name}");
        }
    });
}

#[test]
fn all_of_the_template_runs_here_and_the_delivery_to_a_domain_where_there_is_one() {
    for_each_combination(|parameters, topology| {
        // A filter, or a misspelled property, would add a line.
        assert_eq!(topology.left_out, [""; 0]);
        assert_eq!(topology.unrun_takers, []);
        let searches: Vec<_> =
            topology.deliveries.iter().filter_map(|delivery| delivery.search.as_ref()).collect();
        let expected = usize::from(!parameters["OpenSearchDomainArn"].is_empty());
        assert_eq!(searches.len(), expected);
        for search in searches {
            assert_eq!((search.name.as_str(), search.rotation), ("crime", IndexRotation::None));
            assert!(search.gives_ids, "a second try would double documents");
        }
    });
}

#[test]
fn every_function_says_which_of_kinflows_own_it_is() {
    for_each_combination(|_, topology| {
        for function in &topology.functions {
            let role = match function.binary.as_str() {
                "producer" => Role::Producer,
                "consumer" => Role::Consumer,
                "transform" => Role::Transform,
                other => panic!("{other}"),
            };
            assert_eq!(function.role, Some(role), "{}", function.name);
            assert_eq!(
                function.code_uri,
                Some(format!("functions/{}", function.binary)),
                "{}",
                function.name
            );
        }
    });
}

#[test]
fn what_a_schedule_invokes_is_not_tried_again_by_lambda() {
    for_each_combination(|_, topology| {
        assert_eq!(topology.schedules.len(), 5);
        for schedule in &topology.schedules {
            let mut functions = topology.functions.iter();
            let function = functions.find(|function| function.name == schedule.function).unwrap();
            assert_eq!(function.asynchronous.maximum_retry_attempts, 0, "{}", schedule.name);
        }
    });
}

#[test]
fn every_function_that_reads_a_stream_sweeps_it_of_incomplete_messages() {
    for_each_combination(|parameters, topology| {
        let seconds: u64 = 3600 * parameters["RetentionHours"].parse::<u64>().unwrap();
        for mapping in &topology.mappings {
            let schedules = topology.schedules.iter();
            let own = schedules.filter(|schedule| schedule.function == mapping.function && schedule.enabled);
            let inputs: Vec<Value> = own
                .map(|schedule| serde_json::from_str(schedule.input.as_deref().unwrap()).unwrap())
                .collect();
            let sweep = json!({"sweep": "chunks", "stream": mapping.stream, "older_than_s": seconds});
            assert_eq!(inputs, [sweep], "{}", mapping.name);
        }
    });
}

#[test]
fn a_message_is_given_up_after_its_last_piece_can_come_and_before_its_first_expires() {
    // A run does not need to know how long the bucket keeps the pieces, so the template's text is read.
    let text = std::fs::read_to_string(path()).unwrap();
    let rule = text.lines().find(|line| line.contains("Prefix: state/chunks/")).unwrap();
    let days = rule.split("ExpirationInDays: ").nth(1).unwrap().trim_end_matches([' ', '}']);
    let kept = Duration::from_hours(24 * days.parse::<u64>().unwrap());
    for hours in ["24", "48", "72", "168"] {
        let topology = read(&given(&[("RetentionHours", hours)]));
        let retention = topology.streams.iter().map(|stream| stream.retention).max().unwrap();
        let inputs = topology.schedules.iter().filter_map(|schedule| schedule.input.as_deref());
        let given_up: Vec<u64> = inputs
            .filter_map(|input| serde_json::from_str::<Value>(input).unwrap()["older_than_s"].as_u64())
            .collect();
        assert_eq!(given_up.len(), 2);
        for seconds in given_up {
            let age = Duration::from_secs(seconds);
            assert!(age >= retention, "{hours}");
            // The pieces of a message arrive within the stream's retention of each other.
            assert!(age + retention < kept, "{hours}");
        }
    }
}

#[test]
fn nothing_is_made_up_unless_it_is_asked_for() {
    let text = std::fs::read_to_string(path()).unwrap();
    let (_, parameters) = text.split_once("Parameters:\n").unwrap();
    let (parameters, _) = parameters.split_once("Metadata:\n").unwrap();
    assert!(!parameters.contains("made-up"));
    let nowhere = given(&[("CrimeSource", ""), ("TweetsSource", ""), ("UsersSource", "")]);
    let producing = |topology: &Topology| -> Vec<String> {
        let schedules = topology.schedules.iter().filter(|schedule| schedule.enabled);
        let inputs = schedules.filter_map(|schedule| schedule.input.clone());
        inputs.filter(|input| input.contains("\"source\"")).collect()
    };
    assert_eq!(producing(&read(&nowhere)), [""; 0]);
    // A run on one machine sets it by the template's own `Metadata`.
    let of_a_run = producing(&read(&BTreeMap::new()));
    assert_eq!(of_a_run.len(), 3);
    assert!(of_a_run.iter().all(|input| input.contains("made-up")), "{of_a_run:?}");
    let from_s3 = producing(&read(&given(&[("CrimeSource", SOURCE)])));
    let expected = json!({"schema": "crime", "source": serde_json::from_str::<Value>(SOURCE).unwrap()});
    assert!(from_s3.iter().any(|input| serde_json::from_str::<Value>(input).unwrap() == expected));
}

#[test]
fn every_input_of_a_schedule_is_an_event_its_function_reads() {
    for_each_combination(|_, topology| {
        for schedule in &topology.schedules {
            let event: Value = serde_json::from_str(schedule.input.as_deref().unwrap()).unwrap();
            assert!(event.get("schema").is_some() != event.get("sweep").is_some(), "{event}");
        }
    });
}

#[test]
fn a_stream_or_a_bucket_that_is_there_already_takes_the_place_of_the_templates() {
    let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs";
    let topology = read(&given(&[("TweetsStreamArn", arn)]));
    let producer = topology.functions.iter().find(|function| function.name == "TweetsProducerFunction");
    assert_eq!(producer.unwrap().variables["STREAM_NAME"], "theirs");
    assert!(topology.streams.iter().all(|stream| stream.name != "TweetsStream"));
    // The stream is in an account, so its readers are reported and not run here.
    for taker in ["TweetsConsumerFunctionRecords", "TweetsRawDelivery"] {
        let expected = format!("{taker}: is left out: stream \"theirs\" is not run here");
        assert!(topology.left_out.contains(&expected), "{:?}", topology.left_out);
    }
    let topology = read(&given(&[("ExistingBucket", "theirs")]));
    assert_eq!(topology.buckets, ["failuresbucket"]);
    for function in &topology.functions {
        let bucket = function.variables.get("OUTPUT_BUCKET").or(function.variables.get("FAILURES_BUCKET"));
        assert_eq!(bucket.map(String::as_str), Some("theirs"), "{}", function.name);
    }
}

#[test]
fn a_reservation_of_concurrency_is_there_where_it_is_asked_for() {
    let reserved = |parameters: &[(&str, &str)], binary: &str| -> Vec<Option<u32>> {
        let topology = read(&given(parameters));
        let functions = topology.functions.iter().filter(|function| function.binary == binary);
        functions.map(|function| function.reserved_concurrency).collect()
    };
    assert_eq!(reserved(&[], "consumer"), [None, None]);
    assert_eq!(reserved(&[("ConsumerConcurrency", "7")], "consumer"), [Some(7), Some(7)]);
    assert_eq!(reserved(&[("TransformConcurrency", "5")], "transform"), [Some(5)]);
}

#[test]
fn a_value_no_function_could_start_with_is_refused_before_anything_does() {
    for (name, value) in [
        ("DeliveryLevel", "exactly"),
        ("LedgerEpoch", "a b"),
        ("OpenSearchDomainArn", "crime"),
        ("CrimeShards", "0"),
        ("ProducerState", "on"),
        ("CrimeSource", "made-up"),
        ("ProducerSchedule", "every minute"),
        ("RetentionHours", "36"),
        ("TweetsStreamArn", "theirs"),
        ("AlarmTopicArn", "topic"),
        ("KmsKeyArn", "alias/mine"),
    ] {
        refused(&[(name, value)], &format!("Parameters.{name}"));
    }
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    refused(&[("LedgerEpoch", "1")], "Rules.EpochNeedsLedger");
    read(&given(&[("LedgerEpoch", "1"), ("DeliveryLevel", "ledger")]));
    refused(&[("ExistingBucket", "theirs"), ("KeepRawDays", "30")], "Rules.ExpiryNeedsOwnBucket");
    let (subnets, groups) = (("OpenSearchSubnetIds", "subnet-1"), ("OpenSearchSecurityGroupIds", "sg-1"));
    let domain = ("OpenSearchDomainArn", DOMAIN);
    for part in [&[subnets][..], &[groups], &[subnets, groups], &[subnets, domain], &[groups, domain]] {
        refused(part, "Rules.SubnetsNeedSecurityGroups");
    }
    read(&given(&[subnets, groups, domain]));
}
