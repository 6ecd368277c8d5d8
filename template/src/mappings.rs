//! An event source mapping from a Kinesis stream to a function.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::names::{bucket_of, function_of, stream_of};
use super::properties::Properties;
use super::stop::{Read, Stop};
use super::{KinesisMapping, OnFailure, StartingPosition, kinds};

/// A mapping that is a resource by itself.
pub(super) fn of_its_own(id: &str, properties: &Properties<'_>) -> Read<KinesisMapping> {
    if properties.node("EventSourceArn").is_none() {
        return Err(Stop::left_out(id, "a mapping without EventSourceArn is not run here"));
    }
    let function = properties.required_text("FunctionName")?;
    mapping(&properties.scope().home.name(id), function_of(&function), "EventSourceArn", properties)
}

/// A mapping whose stream is named by the property `source`.
pub(super) fn mapping(
    name: &str,
    function: &str,
    source: &str,
    properties: &Properties<'_>,
) -> Read<KinesisMapping> {
    properties.without_effect(&kinds::MAPPING);
    let (stream, consumer) = stream(source, properties)?;
    properties.notes().take(&stream);
    if properties.flag("Enabled")? == Some(false) {
        return Err(Stop::Disabled);
    }
    refuse_filters(properties)?;
    let small = |name, default, limits| {
        properties.number(name, default, limits).map(|number| usize::try_from(number).unwrap_or(1))
    };
    let window = properties.seconds("TumblingWindowInSeconds", 0, (0, 900))?;
    let responses = properties.value("FunctionResponseTypes")?;
    let reports = |types: &Vec<Value>| types.iter().any(|kind| kind == "ReportBatchItemFailures");
    Ok(KinesisMapping {
        name: name.to_owned(),
        uuid: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string(),
        function: function.to_owned(),
        stream,
        consumer,
        starting_position: starting_position(properties)?,
        batch_size: small("BatchSize", 100, (1, 10_000))?,
        batching_window: properties.seconds("MaximumBatchingWindowInSeconds", 0, (0, 300))?,
        parallelization_factor: small("ParallelizationFactor", 1, (1, 10))?,
        maximum_retry_attempts: properties.number_or_unlimited("MaximumRetryAttempts", (0, 10_000))?,
        maximum_record_age: properties
            .number_or_unlimited("MaximumRecordAgeInSeconds", (60, 604_800))?
            .map(Duration::from_secs),
        bisect_on_error: properties.flag("BisectBatchOnFunctionError")?.unwrap_or(false),
        report_batch_item_failures: responses.as_ref().and_then(Value::as_array).is_some_and(reports),
        tumbling_window: (!window.is_zero()).then_some(window),
        on_failure: on_failure(&properties.child("DestinationConfig")?.child("OnFailure")?)?,
    })
}

/// The stream, and its fan-out consumer if the mapping reads through one.
fn stream(source: &str, properties: &Properties<'_>) -> Read<(String, Option<String>)> {
    let arn = properties.required_text(source)?;
    let Some((stream, consumer)) = stream_of(&arn) else {
        let reason =
            format!("is {arn:?}, which is not the ARN of a Kinesis stream, and nothing else is read here");
        return Err(properties.left_out(source, &reason));
    };
    Ok((stream.to_owned(), consumer.map(str::to_owned)))
}

/// Refuses filters. A filter decides which records a function gets, so without it the function would get
/// records that AWS withholds.
fn refuse_filters(properties: &Properties<'_>) -> Read<()> {
    let criteria = properties.child("FilterCriteria")?;
    let filters = criteria.value("Filters")?;
    if filters.as_ref().and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Ok(());
    }
    Err(properties.left_out("FilterCriteria", "is not run here, so the mapping is left out"))
}

fn starting_position(properties: &Properties<'_>) -> Read<StartingPosition> {
    match properties.required_text("StartingPosition")?.as_str() {
        "TRIM_HORIZON" => Ok(StartingPosition::TrimHorizon),
        "LATEST" => Ok(StartingPosition::Latest),
        "AT_TIMESTAMP" => {
            let text = properties.required_text("StartingPositionTimestamp")?;
            let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0);
            let timestamp = seconds.and_then(|seconds| {
                let duration = Duration::try_from_secs_f64(seconds).ok()?;
                Timestamp::from_duration(duration.try_into().ok()?).ok()
            });
            let problem = format!("is {text:?}, expected seconds since 1970");
            let malformed = || properties.malformed("StartingPositionTimestamp", &problem);
            timestamp.map(StartingPosition::AtTimestamp).ok_or_else(malformed)
        }
        other => {
            let problem = format!("is {other:?}, expected TRIM_HORIZON, LATEST or AT_TIMESTAMP");
            Err(properties.malformed("StartingPosition", &problem))
        }
    }
}

fn on_failure(properties: &Properties<'_>) -> Read<Option<OnFailure>> {
    properties.without_effect(&["Type"]);
    let Some(arn) = properties.text("Destination")? else { return Ok(None) };
    Ok(Some(match bucket_of(&arn) {
        Some(bucket) => OnFailure::Bucket(bucket.to_owned()),
        None => OnFailure::Messages,
    }))
}
