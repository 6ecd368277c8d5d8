//! Rules for delivery streams: how their transform, their prefixes and their destination fit together.

use serde_json::Value;

use crate::check::rule::{Found, Rule, Severity};
use crate::check::stack::{Resource, Stack, is_set, number, text};

const DELIVERY: &[&str] = &["AWS::KinesisFirehose::DeliveryStream"];
const TRANSFORM: &str = "https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html";
const PREFIXES: &str = "https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html";
const PARTITIONING: &str = "https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "delivery-answer-may-be-too-long",
        severity: Severity::Warning,
        reason: "A function's answer may have at most 6 MB, in base64. With a longer answer the whole buffer fails, and goes to the error prefix after three tries.",
        fix: "Set the processor's BufferSizeInMBs to 1.",
        source: "measured: a row of 130 bytes becomes 503 bytes of the answer, so 1 MB of rows becomes 3.9 MB",
        find: answer_may_be_too_long,
    },
    Rule {
        id: "delivery-gives-up-before-its-function",
        severity: Severity::Warning,
        reason: "Firehose waits five minutes for a function. If it takes longer, its buffer goes to the error prefix while the function runs on.",
        fix: "Set the function's Timeout to 300 or less.",
        source: TRANSFORM,
        find: gives_up_before_its_function,
    },
    Rule {
        id: "delivery-joins-records",
        severity: Severity::Warning,
        reason: "Firehose joins records unchanged, so records without a line end become one line.",
        fix: "End each record with a line end, or add the processor AppendDelimiterToRecord.",
        source: "https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html",
        find: joins_records,
    },
    Rule {
        id: "delivery-error-prefix-names-no-kind",
        severity: Severity::Error,
        reason: "Firehose refuses expressions in a prefix unless the error prefix has !{firehose:error-output-type}.",
        fix: "Set ErrorOutputPrefix with !{firehose:error-output-type}.",
        source: PREFIXES,
        find: error_prefix_names_no_kind,
    },
    Rule {
        id: "delivery-partitions-too-small",
        severity: Severity::Error,
        reason: "Firehose refuses dynamic partitioning with a buffer under 64 MB.",
        fix: "Set BufferingHints.SizeInMBs to 64 or more.",
        source: PARTITIONING,
        find: partitions_too_small,
    },
    Rule {
        id: "delivery-partitions-without-keys",
        severity: Severity::Error,
        reason: "Firehose refuses a prefix with a function's partition keys if dynamic partitioning is off or there is no function.",
        fix: "Enable DynamicPartitioningConfiguration and a Lambda processor, or take the keys out of the prefix.",
        source: PARTITIONING,
        find: partitions_without_keys,
    },
    Rule {
        id: "delivery-doubles-documents",
        severity: Severity::Warning,
        reason: "Without an id, a document that is sent again after a lost answer is stored twice.",
        fix: "Set DocumentIdOptions: {DefaultDocumentIdFormat: FIREHOSE_DEFAULT}.",
        source: "https://docs.aws.amazon.com/firehose/latest/APIReference/API_DocumentIdOptions.html",
        find: doubles_documents,
    },
    Rule {
        id: "delivery-says-nothing",
        severity: Severity::Warning,
        reason: "Only its log says why a delivery failed.",
        fix: "Enable CloudWatchLoggingOptions with a log group and a log stream.",
        source: "https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html",
        find: says_nothing,
    },
];

/// A destination of a delivery stream, with the name of its property.
pub(super) struct Destination<'s> {
    pub(super) delivery: Resource<'s>,
    pub(super) name: &'s str,
    pub(super) node: &'s Value,
}

impl Destination<'_> {
    fn found(&self, name: &str, what: impl Into<String>) -> Found {
        Found::new(self.delivery.place, &["Properties", self.name, name], what)
    }

    fn is_s3(&self) -> bool {
        self.name.contains("S3Destination")
    }
}

/// The destination of each delivery stream.
pub(super) fn destinations(stack: &Stack) -> Vec<Destination<'_>> {
    stack
        .of_kind(DELIVERY)
        .flat_map(|delivery| {
            let properties = delivery.properties().as_object().into_iter().flatten();
            let named = properties.filter(|(name, _)| name.ends_with("DestinationConfiguration"));
            named.map(move |(name, node)| Destination { delivery, name, node })
        })
        .collect()
}

fn each(stack: &Stack, find: impl Fn(&Destination<'_>) -> Option<Found>) -> Vec<Found> {
    destinations(stack).iter().filter_map(find).collect()
}

/// Finds the processor of this type, if processing is enabled.
pub(super) fn processor<'s>(destination: &Destination<'s>, kind: &str) -> Option<&'s Value> {
    let processing = destination.node.get("ProcessingConfiguration")?;
    if !is_set(processing, "Enabled") {
        return None;
    }
    let processors = processing.get("Processors")?.as_array()?;
    processors.iter().find(|processor| text(processor, "Type") == Some(kind))
}

/// The value of a processor's parameter.
pub(super) fn parameter<'s>(processor: &'s Value, name: &str) -> Option<&'s Value> {
    let parameters = processor.get("Parameters")?.as_array()?;
    let parameter = parameters.iter().find(|parameter| text(parameter, "ParameterName") == Some(name))?;
    parameter.get("ParameterValue")
}

fn answer_may_be_too_long(stack: &Stack) -> Vec<Found> {
    each(stack, |destination| {
        let lambda = processor(destination, "Lambda")?;
        let megabytes = number(&serde_json::json!({"n": parameter(lambda, "BufferSizeInMBs")}), "n")?;
        let what = format!("its buffer for the function is {megabytes} MB");
        (megabytes > 1.5).then(|| destination.found("ProcessingConfiguration", what))
    })
}

fn gives_up_before_its_function(stack: &Stack) -> Vec<Found> {
    each(stack, |destination| {
        let arn = parameter(processor(destination, "Lambda")?, "LambdaArn")?.as_str()?;
        let arn = arn.strip_suffix(":$LATEST").unwrap_or(arn);
        let function = stack.named(&["AWS::Serverless::Function", "AWS::Lambda::Function"], arn)?;
        let seconds = number(function.properties(), "Timeout").filter(|seconds| *seconds > 300.0)?;
        let what = format!("it transforms for a delivery stream, and its Timeout is {seconds} s");
        Some(Found::new(function.place, &["Properties", "Timeout"], what))
    })
}

fn joins_records(stack: &Stack) -> Vec<Found> {
    each(stack, |destination| {
        let is_joined = destination.is_s3()
            && processor(destination, "Lambda").is_none()
            && processor(destination, "AppendDelimiterToRecord").is_none();
        // Records that are gzip members say where they end.
        let is_gzip = text(destination.node, "FileExtension")
            .is_some_and(|extension| extension.rsplit('.').next() == Some("gz"));
        let what = "it has neither a function nor AppendDelimiterToRecord".to_owned();
        (is_joined && !is_gzip).then(|| destination.found("ProcessingConfiguration", what))
    })
}

/// The part of a destination that says where objects are written.
fn s3<'s>(destination: &Destination<'s>) -> &'s Value {
    destination.node.get("S3Configuration").unwrap_or(destination.node)
}

fn error_prefix_names_no_kind(stack: &Stack) -> Vec<Found> {
    each(stack, |destination| {
        let s3 = s3(destination);
        let (prefix, errors) =
            (text(s3, "Prefix").unwrap_or(""), text(s3, "ErrorOutputPrefix").unwrap_or(""));
        let names_kind = errors.contains("!{firehose:error-output-type}");
        let is_wrong =
            if errors.is_empty() { prefix.contains("!{") } else { errors.contains("!{") && !names_kind };
        let what = format!("Prefix is {prefix:?} and ErrorOutputPrefix {errors:?}");
        is_wrong.then(|| destination.found("ErrorOutputPrefix", what))
    })
}

fn is_partitioned(destination: &Destination<'_>) -> bool {
    destination.node.get("DynamicPartitioningConfiguration").is_some_and(|node| is_set(node, "Enabled"))
}

fn partitions_too_small(stack: &Stack) -> Vec<Found> {
    each(stack, |destination| {
        let hints = destination.node.get("BufferingHints");
        let megabytes = hints.and_then(|hints| number(hints, "SizeInMBs")).unwrap_or(5.0);
        let what = format!("it partitions with a buffer of {megabytes} MB");
        (is_partitioned(destination) && megabytes < 64.0).then(|| destination.found("BufferingHints", what))
    })
}

fn partitions_without_keys(stack: &Stack) -> Vec<Found> {
    each(stack, |destination| {
        let has_keys = text(destination.node, "Prefix")?.contains("!{partitionKeyFromLambda:");
        let has_what_they_need = is_partitioned(destination) && processor(destination, "Lambda").is_some();
        let what = "its prefix uses partition keys that nothing provides".to_owned();
        (has_keys && !has_what_they_need).then(|| destination.found("Prefix", what))
    })
}

fn doubles_documents(stack: &Stack) -> Vec<Found> {
    each(stack, |destination| {
        let options = destination.node.get("DocumentIdOptions")?;
        let is_without = text(options, "DefaultDocumentIdFormat") == Some("NO_DOCUMENT_ID");
        is_without
            .then(|| destination.found("DocumentIdOptions", "DefaultDocumentIdFormat is NO_DOCUMENT_ID"))
    })
}

fn says_nothing(stack: &Stack) -> Vec<Found> {
    each(stack, |destination| {
        let logs = destination.node.get("CloudWatchLoggingOptions");
        let is_logged = logs.is_some_and(|logs| is_set(logs, "Enabled"));
        (!is_logged).then(|| destination.found("CloudWatchLoggingOptions", "it has no log"))
    })
}
