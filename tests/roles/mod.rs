//! Checks that each role permits exactly the requests in its table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets what it did not expect has to fail"
)]

mod policy;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use policy::{Policy, Request};
use requests::{DATA_SETS, DOMAIN, KEY, Name};

/// Rows of actions and the kinds of resources on which they are permitted, in the role's own data set if they have one.
type Rows = &'static [(&'static [&'static str], &'static [&'static str])];

const LOGS: &[&str] = &["CreateLogStream", "PutLogEvents"];
const KEYS: &[&str] = &["Decrypt", "GenerateDataKey"];
const FIREHOSE_READS: &[&str] = &["DescribeStream", "GetRecords", "GetShardIterator", "ListShards"];
const INVOKES: &[&str] = &["InvokeFunction", "GetFunctionConfiguration"];
const MOVES: &[&str] = &["GetAlias", "UpdateAlias"];
const KEEPS: &[&str] = &["GetObject", "PutObject", "ListBucket"];
const PUTS: &[&str] = &["GetObject", "PutObject"];

const PRODUCER: Rows = &[
    (LOGS, &["producer"]),
    (&["PutTraceSegments"], &["tracing"]),
    (KEYS, &["key"]),
    (&["PutRecords", "DescribeStreamSummary", "ListShards"], &["stream"]),
    (&["GetObject", "ListBucket"], &["inputs"]),
    (KEEPS, &["quarantine", "cursor"]),
];

const CONSUMER: Rows = &[
    (LOGS, &["consumer"]),
    (&["PutTraceSegments"], &["tracing"]),
    (KEYS, &["key"]),
    (
        &["DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"],
        &["stream"],
    ),
    (KEEPS, &["enriched", "quarantine", "windows", "chunks", "ledger"]),
    // Lambda itself uses this role to write batches that it gives up, and to check that it can.
    (&["PutObject", "ListBucket"], &["given up"]),
];

const TRANSFORM: Rows =
    &[(LOGS, &["transform"]), (&["PutTraceSegments"], &["tracing"]), (KEYS, &["key"]), (PUTS, &["reasons"])];

const SEARCH_TRANSFORM: Rows = &[
    (LOGS, &["search transform"]),
    (&["PutTraceSegments"], &["tracing"]),
    (KEYS, &["key"]),
    (PUTS, &["reasons"]),
];

// Only Firehose knows the error types in the keys of failures, so its roles have all of `failed/`, with `reasons/`.
const RAW_DELIVERY: Rows = &[
    (&["PutLogEvents"], &["raw delivery"]),
    (KEYS, &["key"]),
    (FIREHOSE_READS, &["stream"]),
    (PUTS, &["raw", "failed", "reasons"]),
];

const DELIVERY: Rows = &[
    (&["PutLogEvents"], &["delivery"]),
    (KEYS, &["key"]),
    (FIREHOSE_READS, &["stream"]),
    (PUTS, &["typed", "failed", "reasons"]),
    (INVOKES, &["transform"]),
];

const SEARCH_DELIVERY: Rows = &[
    (&["PutLogEvents"], &["search delivery"]),
    (KEYS, &["key"]),
    (FIREHOSE_READS, &["stream"]),
    (PUTS, &["failed", "reasons"]),
    (INVOKES, &["search transform"]),
    (&["ESHttpPost", "ESHttpPut", "ESHttpGet", "DescribeDomain"], &["domain"]),
    (&["CreateNetworkInterface", "DescribeSubnets"], &["network"]),
];

const TABLE_TRANSFORM: Rows = &[
    (LOGS, &["table transform"]),
    (&["PutTraceSegments"], &["tracing"]),
    (KEYS, &["key"]),
    (PUTS, &["reasons"]),
];

const TABLE_DELIVERY: Rows = &[
    (&["PutLogEvents"], &["table delivery"]),
    (KEYS, &["key"]),
    (FIREHOSE_READS, &["stream"]),
    (PUTS, &["failed", "reasons"]),
    (INVOKES, &["table transform"]),
    (&["GetDatabase", "GetTable", "UpdateTable", "GetObject", "PutObject", "DeleteObject"], &["table"]),
];

const TYPED_DEPLOYMENT: Rows =
    &[(MOVES, &["transform", "search transform", "table transform"]), (&["DescribeAlarms"], &["alarms"])];

const ENRICHED_DEPLOYMENT: Rows = &[(MOVES, &["consumer"]), (&["DescribeAlarms"], &["alarms"])];

/// Every role of the template.
const ROLES: [(&str, &str, Rows); 15] = [
    ("Crime/ProducerRole", "crime", PRODUCER),
    ("Crime/TransformRole", "crime", TRANSFORM),
    ("Crime/SearchTransformRole", "crime", SEARCH_TRANSFORM),
    ("Crime/DeliveryRole", "crime", DELIVERY),
    ("Crime/SearchDeliveryRole", "crime", SEARCH_DELIVERY),
    ("Crime/TableTransformRole", "crime", TABLE_TRANSFORM),
    ("Crime/TableDeliveryRole", "crime", TABLE_DELIVERY),
    ("Crime/DeploymentRole", "crime", TYPED_DEPLOYMENT),
    ("Tweets/DeploymentRole", "tweets", ENRICHED_DEPLOYMENT),
    ("Users/DeploymentRole", "users", ENRICHED_DEPLOYMENT),
    ("Tweets/ProducerRole", "tweets", PRODUCER),
    ("Tweets/ConsumerRole", "tweets", CONSUMER),
    ("Tweets/RawDeliveryRole", "tweets", RAW_DELIVERY),
    ("Users/ProducerRole", "users", PRODUCER),
    ("Users/ConsumerRole", "users", CONSUMER),
];

fn resources() -> BTreeMap<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let parameters = [
        ("OpenSearchDomainArn", DOMAIN),
        ("OpenSearchSubnetIds", "subnet-1,subnet-2"),
        ("OpenSearchSecurityGroupIds", "sg-1"),
        ("KmsKeyArn", KEY),
        ("GradualDeployment", "Canary10Percent5Minutes"),
        ("Release", "r1"),
        ("IcebergTable", "lake.crime"),
        ("IcebergLocation", "lake-files/crime"),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    template::resources(&path, &parameters.into()).unwrap()
}

/// The kinds of resources that all data sets share.
const SHARED: [&str; 7] = ["key", "tracing", "domain", "given up", "network", "table", "alarms"];

fn allowed(data_set: &'static str, rows: Rows) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    for (actions, kinds) in rows {
        for action in *actions {
            for kind in *kinds {
                let is_shared = SHARED.contains(kind);
                names.insert((*action, *kind, if is_shared { "" } else { data_set }));
            }
        }
    }
    names
}

/// Whether a role may list the whole bucket, which Firehose's guide demands.
fn lists_everything(role: &str, (action, kind, _): Name) -> bool {
    role.ends_with("DeliveryRole") && action == "ListBucket" && kind != "given up"
}

#[test]
fn each_role_may_make_its_own_requests_and_no_other() {
    let (resources, requests) = (resources(), requests::all());
    let known = requests::by_name(&requests);
    for (role, data_set, rows) in ROLES {
        let policy = Policy::of_role(&resources[role]);
        let own = allowed(data_set, rows);
        for name in &own {
            assert!(known.contains_key(name), "{role}: no request is named {name:?}");
        }
        for (name, request) in &requests {
            let expected = own.contains(name) || lists_everything(role, *name);
            assert_eq!(policy.allows(request), expected, "{role}: {name:?} {request:?}");
        }
    }
}

#[test]
fn without_a_key_or_a_network_of_ones_own_no_role_uses_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let parameters = BTreeMap::from([("OpenSearchDomainArn".to_owned(), DOMAIN.to_owned())]);
    let resources = template::resources(&path, &parameters).unwrap();
    let made = ROLES.iter().filter_map(|(role, ..)| resources.get(*role));
    let requests = requests::all().into_iter().filter(|((_, kind, _), _)| ["key", "network"].contains(kind));
    let requests: Vec<Request> = requests.map(|(_, request)| request).collect();
    for role in made {
        let policy = Policy::of_role(role);
        assert!(!requests.iter().any(|request| policy.allows(request)), "{role}");
    }
}

#[test]
fn without_gradual_deployment_firehose_calls_the_newest_version_and_nothing_else() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let resources = template::resources(&path, &BTreeMap::new()).unwrap();
    let policy = Policy::of_role(&resources["Crime/DeliveryRole"]);
    let function = format!("arn:aws:lambda:us-east-1:{}:function:CrimeTransformFunction", template::ACCOUNT);
    for (suffix, expected) in [("", true), (":$LATEST", true), (":live", false), (":1", false)] {
        let resource = format!("{function}{suffix}");
        let request = Request { action: "lambda:InvokeFunction".to_owned(), resource, context: Vec::new() };
        assert_eq!(policy.allows(&request), expected, "{request:?}");
    }
}

#[test]
fn every_role_of_the_template_is_in_the_table() {
    let resources = resources();
    let roles = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role");
    let roles: BTreeSet<&str> = roles.map(|(id, _)| id.as_str()).collect();
    let table = ROLES.iter().map(|(role, ..)| *role).collect();
    assert_eq!(roles, table);
    assert!(
        DATA_SETS
            .iter()
            .all(|(_, application)| roles.contains(format!("{application}/ProducerRole").as_str()))
    );
}

#[test]
fn no_role_reaches_a_bucket_of_another_account() {
    let resources = resources();
    let foreign = requests::all().into_iter().filter(|(_, request)| request.action.starts_with("s3:"));
    let foreign: Vec<Request> = foreign
        .map(|(_, mut request)| {
            request.context.retain(|(key, _)| *key != "s3:ResourceAccount");
            request.context.push(("s3:ResourceAccount", "111111111111".to_owned()));
            request
        })
        .collect();
    for (role, ..) in &ROLES {
        let policy = Policy::of_role(&resources[*role]);
        for request in &foreign {
            assert!(!policy.allows(request), "{role}: {request:?}");
        }
    }
}

#[test]
fn no_bucket_takes_a_request_that_is_not_encrypted_on_its_way() {
    let resources = resources();
    for (bucket, policy) in [("databucket", "DataBucketPolicy"), ("failuresbucket", "FailuresBucketPolicy")] {
        let policy = Policy::of_bucket(&resources[policy]);
        for resource in [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/typed/x")] {
            for (secure, denied) in [("false", true), ("true", false)] {
                let context = vec![("aws:SecureTransport", secure.to_owned())];
                let request =
                    Request { action: "s3:GetObject".to_owned(), resource: resource.clone(), context };
                assert_eq!(policy.denies(&request), denied, "{request:?}");
            }
        }
    }
}

#[test]
fn only_the_service_that_a_role_is_for_may_take_it() {
    for (id, role) in resources().iter().filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role") {
        let service = match id.rsplit('/').next().unwrap() {
            "DeploymentRole" => "codedeploy",
            id if id.ends_with("DeliveryRole") => "firehose",
            _ => "lambda",
        };
        let statements = role["Properties"]["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1, "{id}");
        let principal = serde_json::json!({"Service": format!("{service}.amazonaws.com")});
        assert_eq!(statements[0]["Principal"], principal, "{id}");
    }
}
