//! Rules for event source mappings of Kinesis streams, which must neither block their shards nor lose records.

use crate::check::rule::{Found, Rule, Severity};
use crate::check::stack::{Mapping, Stack, is_set, number, text, texts};

const PARAMETERS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html";
const FAILURES: &str = "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html";
const PARTIAL: &str =
    "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "mapping-retries-for-ever",
        severity: Severity::Error,
        reason: "One record that always fails stops its shard until the record expires, and everything behind it waits.",
        fix: "Set MaximumRecordAgeInSeconds below the stream's retention, or MaximumRetryAttempts, and an on-failure destination.",
        source: PARAMETERS,
        find: retries_for_ever,
    },
    Rule {
        id: "mapping-loses-what-it-gives-up",
        severity: Severity::Error,
        reason: "A batch that ran out of retries is lost: Lambda skips it and keeps nothing.",
        fix: "Set DestinationConfig.OnFailure to an S3 bucket, which keeps metadata and payload.",
        source: FAILURES,
        find: loses_what_it_gives_up,
    },
    Rule {
        id: "mapping-keeps-no-payload",
        severity: Severity::Warning,
        reason: "A queue or a topic gets only the sequence numbers. The records are lost once the stream drops them.",
        fix: "Set DestinationConfig.OnFailure to an S3 bucket, which keeps the payload too.",
        source: FAILURES,
        find: keeps_no_payload,
    },
    Rule {
        id: "mapping-gives-up-too-late",
        severity: Severity::Error,
        reason: "A record leaves the stream before it is given up, so its on-failure document has no payload, or is not written at all.",
        fix: "Set MaximumRecordAgeInSeconds below RetentionPeriodHours, with time for one more try.",
        source: PARAMETERS,
        find: gives_up_too_late,
    },
    Rule {
        id: "mapping-fails-whole-batches",
        severity: Severity::Warning,
        reason: "One bad record fails its whole batch: its neighbours are processed again, and are given up with it.",
        fix: "Answer batchItemFailures, and set FunctionResponseTypes: [ReportBatchItemFailures].",
        source: PARTIAL,
        find: fails_whole_batches,
    },
    Rule {
        id: "mapping-does-not-bisect",
        severity: Severity::Warning,
        reason: "A batch on which the function fails is tried as a whole until it is given up, with all the records that were not at fault.",
        fix: "Set BisectBatchOnFunctionError: true. Splitting a batch in halves uses up no retries.",
        source: PARAMETERS,
        find: does_not_bisect,
    },
    Rule {
        id: "mapping-filters-what-it-can-not-read",
        severity: Severity::Error,
        reason: "A filter on data silently drops gzip, aggregates and delimited records, because data that is not JSON matches no filter.",
        fix: "Remove FilterCriteria, and let the function skip records.",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html",
        find: filters,
    },
    Rule {
        id: "mapping-splits-aggregates",
        severity: Severity::Warning,
        reason: "With a ParallelizationFactor over 1, the records of a KPL aggregate are neither kept together nor in their order.",
        fix: "Set ParallelizationFactor: 1 and more shards, or put no aggregates.",
        source: "https://docs.aws.amazon.com/streams/latest/dev/kinesis-kpl-consumer-deaggregation.html",
        find: splits_aggregates,
    },
    Rule {
        id: "mapping-begins-at-the-end",
        severity: Severity::Warning,
        reason: "Records that are put while the mapping is created, or created again, are never read.",
        fix: "Set StartingPosition: TRIM_HORIZON, with a function that may get a record twice.",
        source: PARAMETERS,
        find: begins_at_the_end,
    },
    Rule {
        id: "mapping-gives-up-into-its-own-output",
        severity: Severity::Warning,
        reason: "A batch that fails because the bucket fails is then written to the same bucket.",
        fix: "Name another bucket in DestinationConfig.OnFailure.",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html",
        find: gives_up_into_its_output,
    },
];

fn found(mapping: &Mapping<'_>, name: &str, what: String) -> Found {
    let path: Vec<&str> = mapping.path.iter().map(String::as_str).chain([name]).collect();
    Found::new(mapping.place, &path, what)
}

fn each(stack: &Stack, find: impl Fn(&Mapping<'_>) -> Option<Found>) -> Vec<Found> {
    stack.mappings().iter().filter_map(find).collect()
}

/// A limit, or `None` if it is not set or is -1, which means that there is none.
fn limit(mapping: &Mapping<'_>, name: &str) -> Option<f64> {
    number(mapping.properties, name).filter(|number| *number >= 0.0)
}

fn ends(mapping: &Mapping<'_>) -> bool {
    limit(mapping, "MaximumRetryAttempts").is_some() || limit(mapping, "MaximumRecordAgeInSeconds").is_some()
}

fn destination<'s>(mapping: &Mapping<'s>) -> Option<&'s str> {
    text(mapping.properties.get("DestinationConfig")?.get("OnFailure")?, "Destination")
}

fn retries_for_ever(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        let what = "neither MaximumRetryAttempts nor MaximumRecordAgeInSeconds ends its retries".to_owned();
        (!ends(mapping)).then(|| found(mapping, "MaximumRetryAttempts", what))
    })
}

fn loses_what_it_gives_up(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        let what = "it has no DestinationConfig.OnFailure".to_owned();
        (ends(mapping) && destination(mapping).is_none()).then(|| found(mapping, "DestinationConfig", what))
    })
}

fn keeps_no_payload(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        let to = destination(mapping).filter(|arn| !arn.starts_with("arn:aws") || !arn.contains(":s3:"))?;
        Some(found(mapping, "DestinationConfig", format!("what is given up goes to {to}")))
    })
}

fn gives_up_too_late(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        let age = limit(mapping, "MaximumRecordAgeInSeconds")?;
        let retention =
            number(stack.stream(&mapping.stream)?.properties(), "RetentionPeriodHours").unwrap_or(24.0);
        let what = format!(
            "a record is given up after {age} s, and its stream keeps it for {} s",
            retention * 3_600.0
        );
        (age >= retention * 3_600.0).then(|| found(mapping, "MaximumRecordAgeInSeconds", what))
    })
}

fn fails_whole_batches(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        let types = texts(mapping.properties.get("FunctionResponseTypes"));
        let what = "FunctionResponseTypes does not have ReportBatchItemFailures".to_owned();
        (!types.contains(&"ReportBatchItemFailures")).then(|| found(mapping, "FunctionResponseTypes", what))
    })
}

fn does_not_bisect(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        let what = "BisectBatchOnFunctionError is not true".to_owned();
        let is_absent = mapping.properties.get("BisectBatchOnFunctionError").is_none();
        let found = (!is_set(mapping.properties, "BisectBatchOnFunctionError"))
            .then(|| found(mapping, "BisectBatchOnFunctionError", what))?;
        let before =
            ["Stream", "EventSourceArn"].into_iter().find(|name| mapping.properties.get(name).is_some());
        let Some(before) = before.filter(|_| is_absent) else { return Some(found) };
        let path: Vec<&str> = mapping.path.iter().map(String::as_str).chain([before]).collect();
        Some(found.mended(&path, &["BisectBatchOnFunctionError: true"]))
    })
}

fn filters(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        mapping.properties.get("FilterCriteria")?;
        Some(found(mapping, "FilterCriteria", "it has FilterCriteria".to_owned()))
    })
}

fn splits_aggregates(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        let factor = number(mapping.properties, "ParallelizationFactor").filter(|factor| *factor > 1.0)?;
        Some(found(mapping, "ParallelizationFactor", format!("ParallelizationFactor is {factor}")))
    })
}

fn begins_at_the_end(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        let is_latest = text(mapping.properties, "StartingPosition") == Some("LATEST");
        is_latest.then(|| found(mapping, "StartingPosition", "StartingPosition is LATEST".to_owned()))
    })
}

fn gives_up_into_its_output(stack: &Stack) -> Vec<Found> {
    each(stack, |mapping| {
        let bucket = destination(mapping)?.rsplit(':').next()?;
        let variables = mapping.function?.properties().get("Environment")?.get("Variables")?;
        let output = text(variables, "OUTPUT_BUCKET").filter(|output| *output == bucket)?;
        let what = format!("{output} is the function's OUTPUT_BUCKET and its on-failure destination");
        Some(found(mapping, "DestinationConfig", what))
    })
}
