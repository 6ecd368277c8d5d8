//! What template.yaml must come to under every combination of its conditions, so that no record can block a shard or
//! vanish.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use template::{OnFailure, Role, StartingPosition, Topology};

const DOMAIN: &str = "arn:aws:es:eu-west-1:123456789012:domain/crime";

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
}

fn read(parameters: &BTreeMap<String, String>) -> Topology {
    template::read(&path(), parameters).unwrap()
}

fn refused(name: &str, value: &str) {
    let parameters = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let error = template::read(&path(), &parameters).unwrap_err().to_string();
    assert!(error.starts_with(&format!("Parameters.{name}: ")), "{error}");
}

/// Every combination of what changes the resources, with the parameters that made it.
fn for_each_combination(check: impl Fn(&BTreeMap<String, String>, &Topology)) {
    let choices = [
        ("Architecture", ["arm64", "x86_64"]),
        ("DeliveryLevel", ["batch", "ledger"]),
        ("IncompleteMessageSeconds", ["86400", "864000"]),
        ("OpenSearchDomainArn", ["", DOMAIN]),
        ("ProducerState", ["ENABLED", "DISABLED"]),
    ];
    for combination in 0..1_usize << choices.len() {
        let chosen = choices.iter().enumerate().map(|(index, (name, values))| {
            ((*name).to_owned(), values[(combination >> index) & 1].to_owned())
        });
        let parameters = chosen.collect();
        check(&parameters, &read(&parameters));
    }
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
            assert!(mapping.maximum_retry_attempts.is_some(), "{name} retries for ever");
            assert!(mapping.maximum_record_age.is_some(), "{name} keeps at a record for ever");
            assert!(
                matches!(mapping.on_failure, Some(OnFailure::Bucket(_))),
                "{name} loses what it gives up"
            );
            assert_eq!(mapping.starting_position, StartingPosition::TrimHorizon, "{name}");
        }
    });
}

#[test]
fn only_the_delivery_to_a_domain_is_not_run_here() {
    for_each_combination(|parameters, topology| {
        let expected: &[&str] = if parameters["OpenSearchDomainArn"].is_empty() {
            &[]
        } else {
            &["CrimeSearchDelivery: delivers by AmazonopensearchserviceDestinationConfiguration; \
               only delivery to S3 is run here"]
        };
        // A filter, or a property with a slip of the pen, would be a line more.
        assert_eq!(topology.left_out, expected);
        assert_eq!(topology.unrun_takers.len(), expected.len());
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
        let seconds: u64 = parameters["IncompleteMessageSeconds"].parse().unwrap();
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
    let (least, most) = (86_400_u64, 864_000_u64);
    refused("IncompleteMessageSeconds", &(least - 1).to_string());
    refused("IncompleteMessageSeconds", &(most + 1).to_string());
    let topology = read(&BTreeMap::new());
    for mapping in &topology.mappings {
        let tried_for = mapping.maximum_record_age.unwrap();
        assert!(Duration::from_secs(least) >= tried_for, "{}", mapping.name);
    }
    let retention = topology.streams.iter().map(|stream| stream.retention).max().unwrap();
    let sweeps = topology.schedules.iter().filter_map(|schedule| schedule.input.as_deref());
    let default = sweeps.filter_map(|input| {
        serde_json::from_str::<Value>(input).unwrap().get("older_than_s").and_then(Value::as_u64)
    });
    assert!(Duration::from_secs(default.min().unwrap()) >= retention);
    // How long the bucket keeps the pieces is nothing a run needs, so it is read as it is written.
    let text = std::fs::read_to_string(path()).unwrap();
    let rule = text.lines().find(|line| line.contains("Prefix: state/chunks/")).unwrap();
    let days = rule.split("ExpirationInDays: ").nth(1).unwrap().trim_end_matches([' ', '}']);
    let kept = Duration::from_hours(24 * days.parse::<u64>().unwrap());
    // Its pieces came within the retention of each other.
    assert!(Duration::from_secs(most) + retention < kept);
}

#[test]
fn a_value_no_function_could_start_with_is_refused_before_anything_does() {
    refused("DeliveryLevel", "exactly");
    refused("LedgerEpoch", "a b");
    refused("OpenSearchDomainArn", "crime");
    refused("CrimeShards", "0");
    refused("ProducerState", "on");
}
