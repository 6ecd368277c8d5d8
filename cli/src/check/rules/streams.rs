//! Rules for streams: their records must outlive the stack, and their capacity must be given once.

use crate::check::rule::{Found, Rule, Severity};
use crate::check::stack::{Resource, Stack, number, text};

const ATTRIBUTES: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html";
const STREAM: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-kinesis-stream.html";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "stream-goes-with-its-stack",
        severity: Severity::Error,
        reason: "The records that nobody has read yet are deleted with the stack, or by an update that replaces the stream.",
        fix: "Set DeletionPolicy: RetainExceptOnCreate and UpdateReplacePolicy: Retain.",
        source: ATTRIBUTES,
        find: goes_with_its_stack,
    },
    Rule {
        id: "stream-mode-contradicts-its-shards",
        severity: Severity::Error,
        reason: "CloudFormation refuses a ShardCount on an on-demand stream, and a provisioned stream without one.",
        fix: "Give ShardCount to a provisioned stream only.",
        source: STREAM,
        find: mode_contradicts_shards,
    },
    Rule {
        id: "stream-has-a-fixed-name",
        severity: Severity::Warning,
        reason: "A second stack of the template can't be created in the region, and a change that replaces the stream fails.",
        fix: "Leave Name out, and give functions the name by a variable.",
        source: STREAM,
        find: has_a_fixed_name,
    },
    Rule {
        id: "stream-keeps-for-a-day-only",
        severity: Severity::Warning,
        reason: "A consumer that stops for a weekend, or a delivery stream that is created again, loses records that are older than a day.",
        fix: "Set RetentionPeriodHours to 48 or more; kinflow estimate says what it costs.",
        source: "https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html",
        find: keeps_for_a_day_only,
    },
];

fn each(stack: &Stack, find: impl Fn(Resource<'_>) -> Option<Found>) -> Vec<Found> {
    stack.of_kind(&["AWS::Kinesis::Stream"]).filter_map(find).collect()
}

fn goes_with_its_stack(stack: &Stack) -> Vec<Found> {
    each(stack, not_kept)
}

/// Reports a resource that is deleted with its stack or by a replacement, with the policies that would keep it.
pub(super) fn not_kept(resource: Resource<'_>) -> Option<Found> {
    let missing: Vec<&str> = ["DeletionPolicy", "UpdateReplacePolicy"]
        .into_iter()
        .filter(|policy| !resource.is_kept_on(policy))
        .collect();
    let first = missing.first()?;
    let found = Found::new(resource.place, &[first], format!("{} does not keep it", missing.join(" and ")));
    let lines: Vec<&'static str> = missing
        .iter()
        .filter(|policy| resource.node.get(**policy).is_none())
        .map(|policy| match *policy {
            "DeletionPolicy" => "DeletionPolicy: RetainExceptOnCreate",
            _ => "UpdateReplacePolicy: Retain",
        })
        .collect();
    Some(if lines.is_empty() { found } else { found.mended(&["Type"], &lines) })
}

fn mode_contradicts_shards(stack: &Stack) -> Vec<Found> {
    each(stack, |stream| {
        let properties = stream.properties();
        let mode = properties.get("StreamModeDetails").and_then(|details| text(details, "StreamMode"));
        let shards = number(properties, "ShardCount");
        let what = match (mode, shards) {
            (Some("ON_DEMAND"), Some(shards)) => format!("it is on demand, and has ShardCount {shards}"),
            (Some("PROVISIONED"), None) => "it is provisioned, and has no ShardCount".to_owned(),
            _ => return None,
        };
        Some(Found::new(stream.place, &["Properties", "StreamModeDetails"], what))
    })
}

fn has_a_fixed_name(stack: &Stack) -> Vec<Found> {
    each(stack, |stream| {
        let name = text(stream.properties(), "Name")?;
        Some(Found::new(stream.place, &["Properties", "Name"], format!("its Name is {name:?}")))
    })
}

fn keeps_for_a_day_only(stack: &Stack) -> Vec<Found> {
    each(stack, |stream| {
        let hours = number(stream.properties(), "RetentionPeriodHours");
        let path = ["Properties", "RetentionPeriodHours"];
        let what = match hours {
            Some(hours) if hours > 24.0 => return None,
            Some(hours) => format!("RetentionPeriodHours is {hours}"),
            None => "RetentionPeriodHours is the default, 24".to_owned(),
        };
        Some(Found::new(stream.place, &path, what))
    })
}
