//! The requests that functions and services make, and similar ones: every action on every kind of resource of
//! every data set. The keys of the bucket come from the code itself.

use std::collections::BTreeMap;

use record_model::chunk::Message;
use record_model::layout::{
    ChunkEntry, CursorKey, EnrichedKey, Extension, InputKey, LedgerKey, MessageFolder, Position,
    QuarantineKey, ReasonsKey, RecordName, WindowKey,
};
use template::ACCOUNT;

use super::policy::Request;

/// The data sets of the template, each with the logical id of its application.
pub(super) const DATA_SETS: [(&str, &str); 3] =
    [("crime", "Crime"), ("tweets", "Tweets"), ("users", "Users")];
pub(super) const DOMAIN: &str = "arn:aws:es:us-east-1:000000000000:domain/search";
pub(super) const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/mine";

/// The name of a request: its action, the kind of its resource, and the data set.
pub(super) type Name = (&'static str, &'static str, &'static str);

/// A key of each kind, as the code and the delivery streams write it.
fn keys(data_set: &'static str, stream: &str) -> Vec<(&'static str, String)> {
    let position = Position {
        stream,
        shard_id: "shardId-000000000001",
        sequence_number: "49590338271490256608559692538361571095921575989136588898",
        sub_sequence_number: Some(3),
        arrived_at_ms: 1_767_323_045_000,
    };
    let first = RecordName::of(&position);
    let window = WindowKey { data_set, start: "20260102T030400Z", end: "20260102T030500Z", first };
    let folder = MessageFolder { stream, message: Message { id: 7, count: 2, length: 9, crc32c: 1 } };
    let ledger = LedgerKey { stream, shard_id: position.shard_id, epoch: "0" };
    vec![
        ("enriched", EnrichedKey::new(data_set, &position, Some("1"), Extension::Gzip).key()),
        ("quarantine", QuarantineKey::of_stream(data_set, &position).key()),
        ("quarantine", QuarantineKey::of_source(data_set, "s3://a/b", None, 7, "eA==").key()),
        ("windows", window.key()),
        ("chunks", folder.key(ChunkEntry::Piece(0))),
        ("chunks", folder.key(ChunkEntry::Claim)),
        ("chunks", MessageFolder::prefix_of_all(stream)),
        ("ledger", ledger.key()),
        ("inputs", InputKey { data_set, name: "rows.csv" }.key()),
        ("cursor", CursorKey::of(data_set, "s3://a/b").key()),
        ("reasons", ReasonsKey::of(data_set, "8f6e-1", "id", position.arrived_at_ms).key()),
        ("typed", format!("typed/{data_set}/dt=2026-01-02/hour=03/CrimeDelivery-1.ndjson.gz")),
        ("raw", format!("raw/{data_set}/dt=2026-01-02/hour=03/RawDelivery-1.ndjson.gz")),
        ("failed", format!("failed/{data_set}/processing-failed/dt=2026-01-02/hour=03/Delivery-1")),
        ("failed", format!("failed/{data_set}/opensearch/2026/01/02/03/SearchDelivery-1")),
    ]
}

/// Every request with its name. Several requests may have the same name.
pub(super) fn all() -> Vec<(Name, Request)> {
    let mut requests = Vec::new();
    for (data_set, application) in DATA_SETS {
        let stream = format!("{application}Stream");
        for (kind, key) in keys(data_set, &stream) {
            of_object(&mut requests, (kind, data_set), ("databucket", &key));
        }
        of_stream(&mut requests, data_set, &stream);
        for (kind, part) in [
            ("producer", "Producer"),
            ("consumer", "Consumer"),
            ("transform", "Transform"),
            ("search transform", "SearchTransform"),
            ("table transform", "TableTransform"),
            ("raw delivery", "RawDelivery"),
            ("delivery", "Delivery"),
            ("search delivery", "SearchDelivery"),
            ("table delivery", "TableDelivery"),
        ] {
            of_part(&mut requests, (kind, data_set), &format!("{application}{part}"));
        }
    }
    // Lambda writes there below the mapping's id, in the same way for all data sets.
    of_object(&mut requests, ("given up", ""), ("failuresbucket", "aws/lambda/uuid/shardId-1/2026/01/02/x"));
    of_object(
        &mut requests,
        ("given up elsewhere", ""),
        ("databucket", "aws/lambda/uuid/shardId-1/2026/01/02/x"),
    );
    of_services(&mut requests);
    requests
}

fn of_object(
    requests: &mut Vec<(Name, Request)>,
    (kind, data_set): (&'static str, &'static str),
    (bucket, key): (&str, &str),
) {
    let object = format!("arn:aws:s3:::{bucket}/{key}");
    for action in ["GetObject", "PutObject", "DeleteObject"] {
        requests.push(((action, kind, data_set), s3(action, &object, None)));
    }
    // S3 uses the key as the prefix when it decides between 404 and 403.
    let listing = s3("ListBucket", &format!("arn:aws:s3:::{bucket}"), Some(key));
    requests.push((("ListBucket", kind, data_set), listing));
}

fn s3(action: &str, resource: &str, prefix: Option<&str>) -> Request {
    let mut context = vec![("s3:ResourceAccount", ACCOUNT.to_owned())];
    context.extend(prefix.map(|prefix| ("s3:prefix", prefix.to_owned())));
    Request { action: format!("s3:{action}"), resource: resource.to_owned(), context }
}

fn plain(action: &str, resource: impl Into<String>) -> Request {
    Request { action: action.to_owned(), resource: resource.into(), context: Vec::new() }
}

fn of_stream(requests: &mut Vec<(Name, Request)>, data_set: &'static str, stream: &str) {
    let arn = format!("arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{stream}");
    for action in [
        "PutRecords",
        "PutRecord",
        "ListShards",
        "DescribeStreamSummary",
        "DescribeStream",
        "GetRecords",
        "GetShardIterator",
        "DeleteStream",
        "UpdateShardCount",
    ] {
        requests.push(((action, "stream", data_set), plain(&format!("kinesis:{action}"), arn.as_str())));
    }
}

fn of_part(requests: &mut Vec<(Name, Request)>, (kind, data_set): (&'static str, &'static str), part: &str) {
    let logs = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{part}Logs:log-stream:x");
    for action in ["CreateLogGroup", "CreateLogStream", "PutLogEvents"] {
        requests.push(((action, kind, data_set), plain(&format!("logs:{action}"), logs.as_str())));
    }
    let function = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{part}Function");
    for action in ["InvokeFunction", "GetFunctionConfiguration", "UpdateFunctionCode"] {
        requests
            .push(((action, kind, data_set), plain(&format!("lambda:{action}"), format!("{function}:live"))));
    }
    // With gradual deployment, a call past the alias would pass the new version's trial.
    for arn in [function.clone(), format!("{function}:$LATEST"), format!("{function}:1")] {
        requests
            .push((("InvokeFunction past the alias", kind, data_set), plain("lambda:InvokeFunction", arn)));
    }
    for action in ["GetAlias", "UpdateAlias"] {
        for arn in [function.clone(), format!("{function}:live")] {
            requests.push(((action, kind, data_set), plain(&format!("lambda:{action}"), arn)));
        }
    }
    requests.push((("DeleteAlias", kind, data_set), plain("lambda:DeleteAlias", function)));
}

fn of_services(requests: &mut Vec<(Name, Request)>) {
    for action in ["Decrypt", "GenerateDataKey", "ScheduleKeyDeletion"] {
        requests.push(((action, "key", ""), plain(&format!("kms:{action}"), KEY)));
        let other = KEY.replace("mine", "other");
        requests.push(((action, "other key", ""), plain(&format!("kms:{action}"), other)));
    }
    of_tables(requests);
    for (kind, domain) in [("domain", DOMAIN.to_owned()), ("other domain", DOMAIN.replace("search", "other"))]
    {
        for action in ["ESHttpPost", "ESHttpPut", "ESHttpDelete"] {
            requests.push(((action, kind, ""), plain(&format!("es:{action}"), format!("{domain}/_bulk"))));
        }
        requests.push((("ESHttpGet", kind, ""), plain("es:ESHttpGet", format!("{domain}/crime/_stats"))));
        requests
            .push((("read", kind, ""), plain("es:ESHttpGet", format!("{domain}/_plugins/_security/api"))));
        requests.push((("DescribeDomain", kind, ""), plain("es:DescribeDomain", domain.as_str())));
    }
    for action in ["CreateNetworkInterface", "DescribeSubnets", "RunInstances", "DeleteSubnet"] {
        requests.push(((action, "network", ""), plain(&format!("ec2:{action}"), "*")));
    }
    let alarm = format!("arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:kinflow-RecordsFailed");
    requests.push((("DescribeAlarms", "alarms", ""), plain("cloudwatch:DescribeAlarms", &*alarm)));
    requests.push((("PutMetricAlarm", "alarms", ""), plain("cloudwatch:PutMetricAlarm", alarm)));
    for action in ["iam:PassRole", "sts:AssumeRole", "kinesis:ListStreams", "s3:ListAllMyBuckets"] {
        requests.push((("any", "account", ""), plain(action, "*")));
    }
    requests.push((("PutTraceSegments", "tracing", ""), plain("xray:PutTraceSegments", "*")));
}

/// Requests on a table of the Glue catalog, on another table beside it, and on the files of both.
fn of_tables(requests: &mut Vec<(Name, Request)>) {
    let glue = format!("arn:aws:glue:us-east-1:{ACCOUNT}");
    for (kind, table, files) in [("table", "crime", "crime"), ("other table", "people", "people")] {
        for action in ["GetTable", "UpdateTable", "DeleteTable"] {
            let arn = format!("{glue}:table/lake/{table}");
            requests.push(((action, kind, ""), plain(&format!("glue:{action}"), arn)));
        }
        for action in ["GetObject", "PutObject", "DeleteObject"] {
            let object = format!("arn:aws:s3:::lake-files/{files}/data/x.parquet");
            requests.push(((action, kind, ""), s3(action, &object, None)));
        }
    }
    for action in ["GetDatabase", "DeleteDatabase"] {
        for (kind, database) in [("table", "lake"), ("other table", "other")] {
            let arn = format!("{glue}:database/{database}");
            requests.push(((action, kind, ""), plain(&format!("glue:{action}"), arn)));
        }
    }
}

/// The number of requests with each name, which shows that no name in a table is misspelled.
pub(super) fn by_name(requests: &[(Name, Request)]) -> BTreeMap<Name, usize> {
    let mut names = BTreeMap::new();
    for (name, _) in requests {
        *names.entry(*name).or_default() += 1;
    }
    names
}
