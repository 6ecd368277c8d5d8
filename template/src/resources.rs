//! Each resource type of a template to its part of the topology.

use std::time::Duration;

use serde_json::Value;

use super::deliveries::delivery;
use super::functions::{events, function};
use super::intrinsics::Scope;
use super::properties::Properties;
use super::{OnFailure, Stream, StreamMode, TemplateError, Topology, conditions, globals};

/// The topology of every resource whose condition holds.
pub(super) fn topology(scope: &Scope<'_>) -> Result<Topology, TemplateError> {
    let mut topology = Topology::default();
    for (logical_id, resource) in scope.section("Resources").and_then(Value::as_object).into_iter().flatten()
    {
        if let Some(condition) = resource.get("Condition").and_then(Value::as_str)
            && !conditions::holds(scope, condition, logical_id)?
        {
            continue;
        }
        add(&mut topology, scope, logical_id, resource)?;
    }
    check_references(&topology)?;
    Ok(topology)
}

fn add(topology: &mut Topology, scope: &Scope<'_>, id: &str, resource: &Value) -> Result<(), TemplateError> {
    let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
    let node = resource.get("Properties").cloned().unwrap_or(Value::Null);
    let place = format!("{id}.Properties");
    match kind {
        "AWS::S3::Bucket" => topology.buckets.push(scope.physical_name(id, id)?),
        "AWS::Kinesis::Stream" => {
            topology.streams.push(stream(scope, id, &Properties::new(scope, node, place))?);
        }
        "AWS::Serverless::Function" => {
            let defaults = scope.section("Globals").and_then(|globals| globals.get("Function"));
            let properties = Properties::new(scope, globals::over(defaults, &node), place);
            let definition = function(scope, id, resource, &properties)?;
            events(topology, &definition.name, &properties.child("Events")?)?;
            topology.functions.push(definition);
        }
        "AWS::KinesisFirehose::DeliveryStream" => {
            let properties = Properties::new(scope, node, place);
            if properties.child("ExtendedS3DestinationConfiguration")?.is_absent() {
                topology.left_out.push(format!("{id}: only delivery to S3 runs here"));
            } else {
                topology.deliveries.push(delivery(scope, id, &properties)?);
            }
        }
        // Roles, policies, logs and alarms have nothing to run.
        _ => {}
    }
    Ok(())
}

fn stream(scope: &Scope<'_>, id: &str, properties: &Properties<'_, '_>) -> Result<Stream, TemplateError> {
    let shards = properties.number("ShardCount", 4, (1, 10_000))?;
    Ok(Stream {
        name: scope.physical_name(id, id)?,
        shards: u32::try_from(shards).unwrap_or(1),
        mode: StreamMode::Provisioned,
        retention: Duration::from_hours(24),
        max_record_kib: 1_024,
    })
}

fn check_references(topology: &Topology) -> Result<(), TemplateError> {
    let has_stream = |name: &str| topology.streams.iter().any(|stream| stream.name == name);
    let has_function = |name: &str| topology.functions.iter().any(|function| function.name == name);
    let has_bucket = |name: &str| topology.buckets.iter().any(|bucket| bucket == name);
    let absent = |place: &str, kind: &str, name: &str| {
        Err(TemplateError::invalid(place, format!("{kind} {name:?} is not in the template")))
    };
    for mapping in &topology.mappings {
        if !has_stream(&mapping.stream) {
            return absent(&mapping.function, "stream", &mapping.stream);
        }
        if let Some(OnFailure::Bucket(bucket)) = &mapping.on_failure
            && !has_bucket(bucket)
        {
            return absent(&mapping.function, "bucket", bucket);
        }
    }
    for delivery in &topology.deliveries {
        if !has_stream(&delivery.stream) {
            return absent(&delivery.name, "stream", &delivery.stream);
        }
        if !has_bucket(&delivery.bucket) {
            return absent(&delivery.name, "bucket", &delivery.bucket);
        }
        if let Some(processing) = &delivery.processing
            && !has_function(&processing.function)
        {
            return absent(&delivery.name, "function", &processing.function);
        }
    }
    Ok(())
}

/// The name at the end of an ARN or a path.
pub(super) fn last_segment(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}
