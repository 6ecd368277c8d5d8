//! Finds what an update of a deployed template would replace or delete, or what AWS would refuse.

use serde_json::Value;

use super::finding::{Finding, Places};
use super::rule::{Found, Severity};
use super::stack::{Mapping, Resource, Stack, number, text};

const SOURCE: &str = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html";

/// Properties that an update can't change without a replacement, by kind: `createOnlyProperties` of the resource
/// schemas in `CloudFormation`'s registry. A slash separates a property from a property inside it.
const CREATE_ONLY: [(&str, &[&str]); 12] = [
    ("AWS::Kinesis::Stream", &["Name"]),
    ("AWS::S3::Bucket", &["BucketName"]),
    (
        "AWS::KinesisFirehose::DeliveryStream",
        &[
            "DeliveryStreamName",
            "DeliveryStreamType",
            "KinesisStreamSourceConfiguration",
            "MSKSourceConfiguration",
            "AmazonopensearchserviceDestinationConfiguration/VpcConfiguration",
            "AmazonopensearchserviceDestinationConfiguration/S3BackupMode",
            "ElasticsearchDestinationConfiguration/VpcConfiguration",
            "AmazonOpenSearchServerlessDestinationConfiguration/VpcConfiguration",
        ],
    ),
    ("AWS::Lambda::EventSourceMapping", &["EventSourceArn", "StartingPosition", "StartingPositionTimestamp"]),
    ("AWS::Lambda::Function", &["FunctionName", "PackageType"]),
    ("AWS::Serverless::Function", &["FunctionName", "PackageType"]),
    ("AWS::IAM::Role", &["RoleName", "Path"]),
    ("AWS::Logs::LogGroup", &["LogGroupName"]),
    ("AWS::Scheduler::Schedule", &["Name"]),
    ("AWS::SQS::Queue", &["QueueName", "FifoQueue"]),
    ("AWS::SNS::Topic", &["TopicName"]),
    ("AWS::Glue::Database", &["CatalogId"]),
];

/// What is lost with a resource of a kind, or `None` if nothing is missed.
fn loss(kind: &str) -> Option<(Severity, &'static str)> {
    Some(match kind {
        "AWS::Kinesis::Stream" => {
            (Severity::Error, "The records that nobody has read yet are in the old stream.")
        }
        "AWS::S3::Bucket" => {
            (Severity::Error, "The objects are in the old bucket, cursors and ledgers among them.")
        }
        "AWS::KinesisFirehose::DeliveryStream" => (
            Severity::Error,
            "There is a gap: the new delivery stream begins with records that are put after it was created.",
        ),
        "AWS::Lambda::EventSourceMapping" => (
            Severity::Error,
            "Lambda refuses a second mapping of one stream to one function, so the update fails.",
        ),
        "AWS::Logs::LogGroup" => {
            (Severity::Warning, "The logs, which explain past incidents, are in the old group.")
        }
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => (
            Severity::Warning,
            "A new function reads its stream from the mapping's beginning, beside the old one for a while.",
        ),
        _ => return None,
    })
}

/// Returns the findings, at their places in the new template. Those on resources that are gone are at its first line.
pub(super) fn findings(deployed: &Stack, new: &Stack, places: &mut Places) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, before) in &deployed.0.resources {
        let before = Resource { place, node: before };
        match new.0.resources.get(place) {
            Some(after) if text(after, "Type") == Some(before.kind()) => {
                let after = Resource { place, node: after };
                findings.extend(replaced(before, after, places));
                findings.extend(refused_shards(before, after, places));
            }
            _ => findings.extend(gone(before, places)),
        }
    }
    let (before, after) = (deployed.mappings(), new.mappings());
    findings.extend(before.iter().filter_map(|mapping| moved(mapping, &after, places)));
    findings
}

fn replaced(before: Resource<'_>, after: Resource<'_>, places: &mut Places) -> Vec<Finding> {
    let names =
        CREATE_ONLY.iter().find(|(kind, _)| *kind == before.kind()).map_or(&[][..], |(_, names)| names);
    let pointer = |node: &Value, name: &str| node.pointer(&format!("/{name}")).cloned();
    let changed = names.iter().filter(|name| {
        // If the outer property is missing on either side, the destination itself changes, and not this property.
        let outer = name.split('/').next().unwrap_or(name);
        let both = before.properties().get(outer).is_some() && after.properties().get(outer).is_some();
        (both || !name.contains('/'))
            && pointer(before.properties(), name) != pointer(after.properties(), name)
    });
    let (severity, lost) =
        loss(before.kind()).unwrap_or((Severity::Warning, "It is created again, under another name."));
    let kept = before.is_kept_on("UpdateReplacePolicy");
    changed
        .map(|name| {
            let path: Vec<&str> = std::iter::once("Properties").chain(name.split('/')).collect();
            let what = format!("a change of {} replaces it", name.replace('/', "."));
            let reason = if kept {
                format!("{lost} UpdateReplacePolicy keeps the old one, outside the stack.")
            } else {
                lost.to_owned()
            };
            let fix =
                "Leave it as it is deployed, or first stop what writes to it and let its readers finish.";
            let found = Found::new(after.place, &path, what);
            Finding::at(
                ("update-replaces", severity),
                found,
                [reason, fix.to_owned(), SOURCE.to_owned()],
                places,
            )
        })
        .collect()
}

fn gone(before: Resource<'_>, places: &mut Places) -> Option<Finding> {
    let (severity, lost) = loss(before.kind())?;
    let is_kept = before.is_kept_on("DeletionPolicy");
    let severity = if is_kept { Severity::Warning } else { severity };
    let (what, fix) = if is_kept {
        (
            "it leaves the stack, and stays in the account",
            "Import it into a stack, or let its readers finish and delete it by hand.",
        )
    } else {
        (
            "it is deleted",
            "Keep its logical id, or give it DeletionPolicy: Retain in a deployment before this one.",
        )
    };
    let found = Found::new(
        before.place,
        &[],
        format!("{what}: the new template has no {} of this name", before.kind()),
    );
    let texts = [lost, fix, SOURCE].map(ToOwned::to_owned);
    Some(Finding::at(("update-deletes", severity), found, texts, places))
}

/// Reports a change to more than twice or less than half of the shards, which Kinesis refuses in one call.
fn refused_shards(before: Resource<'_>, after: Resource<'_>, places: &mut Places) -> Option<Finding> {
    if before.kind() != "AWS::Kinesis::Stream" {
        return None;
    }
    let shards = |resource: Resource<'_>| number(resource.properties(), "ShardCount");
    let (from, to) = (shards(before)?, shards(after)?);
    if to <= from * 2.0 && to >= from / 2.0 {
        return None;
    }
    let found = Found::new(
        after.place,
        &["Properties", "ShardCount"],
        format!("ShardCount goes from {from} to {to}"),
    );
    let texts = [
        "Kinesis refuses more than double or less than half in one step, and the update is rolled back.",
        "Deploy steps of at most double or half, ten in a day, or scale by kinflow shards first.",
        "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html",
    ];
    Some(Finding::at(("update-is-refused", Severity::Error), found, texts.map(ToOwned::to_owned), places))
}

/// Reports an event of a function that got another name or starting position, from which SAM makes another mapping.
fn moved(before: &Mapping<'_>, after: &[Mapping<'_>], places: &mut Places) -> Option<Finding> {
    let is_same = |mapping: &&Mapping<'_>| mapping.place == before.place && mapping.stream == before.stream;
    let now = after.iter().find(is_same)?;
    let position = |mapping: &Mapping<'_>| mapping.properties.get("StartingPosition").cloned();
    let is_event = before.path.len() > 1;
    let what = if before.path != now.path {
        "its event has another name"
    } else if is_event && position(before) != position(now) {
        "its StartingPosition changes"
    } else {
        return None;
    };
    let path: Vec<&str> = now.path.iter().map(String::as_str).collect();
    let found = Found::new(now.place, &path, format!("{what}, which replaces the mapping"));
    let (severity, lost) = loss("AWS::Lambda::EventSourceMapping")?;
    let texts = [lost, "Leave the event's name and StartingPosition as they are deployed.", SOURCE];
    Some(Finding::at(("update-replaces", severity), found, texts.map(ToOwned::to_owned), places))
}
