//! Each resource type of a template to its part of the topology.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::intrinsics::Scope;
use super::properties::Properties;
use super::{
    Compression, DeliveryStream, FunctionDefinition, KinesisMapping, OnFailure, Processing, Schedule, Stream,
    TemplateError, Topology, conditions, globals,
};

/// The topology of every resource whose condition holds.
pub(super) fn topology(scope: &Scope<'_>) -> Result<Topology, TemplateError> {
    let mut topology = Topology::default();
    for (logical_id, resource) in scope.section("Resources").and_then(Value::as_object).into_iter().flatten() {
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
        "AWS::Kinesis::Stream" => topology.streams.push(stream(scope, id, &Properties::new(scope, node, place))?),
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
    Ok(Stream { name: scope.physical_name(id, id)?, shards: u32::try_from(shards).unwrap_or(1) })
}

fn function(
    scope: &Scope<'_>,
    id: &str,
    resource: &Value,
    properties: &Properties<'_, '_>,
) -> Result<FunctionDefinition, TemplateError> {
    let metadata = Properties::new(scope, resource.get("Metadata").cloned().unwrap_or(Value::Null), format!("{id}.Metadata"));
    let binary = match metadata.child("BuildProperties")?.text("Binary")? {
        Some(binary) => binary,
        // Without a name, SAM builds the one binary of the folder.
        None => last_segment(&properties.required_text("CodeUri")?).to_owned(),
    };
    let memory = properties.number("MemorySize", 128, (128, 10_240))?;
    let mut variables = BTreeMap::new();
    let section = properties.child("Environment")?.child("Variables")?;
    for (name, _) in section.children()? {
        variables.insert(name.clone(), section.text(&name)?.unwrap_or_default());
    }
    Ok(FunctionDefinition {
        name: scope.physical_name(id, id)?,
        binary,
        handler: properties.text("Handler")?.unwrap_or_else(|| "bootstrap".to_owned()),
        timeout: properties.seconds("Timeout", 3, (1, 900))?,
        memory_mb: u32::try_from(memory).unwrap_or(128),
        variables,
    })
}

fn events(topology: &mut Topology, function: &str, events: &Properties<'_, '_>) -> Result<(), TemplateError> {
    for (name, event) in events.children()? {
        let properties = event.child("Properties")?;
        match event.required_text("Type")?.as_str() {
            "Kinesis" => {
                if properties.flag("Enabled")? != Some(false) {
                    topology.mappings.push(mapping(function, &name, &properties)?);
                }
            }
            "Schedule" => topology.schedules.push(schedule(function, &name, &properties, "Schedule")?),
            "ScheduleV2" => topology.schedules.push(schedule(function, &name, &properties, "ScheduleExpression")?),
            other => return Err(event.invalid("Type", format!("is {other}; Kinesis, Schedule and ScheduleV2 run here"))),
        }
    }
    Ok(())
}

fn mapping(function: &str, event: &str, properties: &Properties<'_, '_>) -> Result<KinesisMapping, TemplateError> {
    let window = properties.seconds("TumblingWindowInSeconds", 0, (0, 900))?;
    let responses = properties.value("FunctionResponseTypes")?;
    let reports = |types: &Vec<Value>| types.iter().any(|kind| kind == "ReportBatchItemFailures");
    let small = |name, default, limits| properties.number(name, default, limits).map(|number| usize::try_from(number).unwrap_or(1));
    if !properties.child("FilterCriteria")?.is_absent() {
        return Err(properties.invalid("FilterCriteria", "is not run here: it drops compressed and delimited data unseen"));
    }
    Ok(KinesisMapping {
        uuid: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{function}/{event}").as_bytes()).to_string(),
        function: function.to_owned(),
        stream: last_segment(&properties.required_text("Stream")?).to_owned(),
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

fn on_failure(properties: &Properties<'_, '_>) -> Result<Option<OnFailure>, TemplateError> {
    let Some(arn) = properties.text("Destination")? else { return Ok(None) };
    Ok(Some(match arn.strip_prefix("arn:aws:s3:::") {
        Some(bucket) => OnFailure::Bucket(bucket.to_owned()),
        None => OnFailure::Messages,
    }))
}

fn schedule(
    function: &str,
    event: &str,
    properties: &Properties<'_, '_>,
    expression: &str,
) -> Result<Schedule, TemplateError> {
    let state = properties.text("State")?;
    let enabled = properties.flag("Enabled")?.unwrap_or(true) && state.as_deref() != Some("DISABLED");
    Ok(Schedule {
        name: format!("{function}/{event}"),
        function: function.to_owned(),
        expression: properties.required_text(expression)?,
        input: properties.text("Input")?.unwrap_or_else(|| "{}".to_owned()),
        enabled,
    })
}

fn delivery(scope: &Scope<'_>, id: &str, properties: &Properties<'_, '_>) -> Result<DeliveryStream, TemplateError> {
    let source = properties.child("KinesisStreamSourceConfiguration")?;
    let s3 = properties.child("ExtendedS3DestinationConfiguration")?;
    let hints = s3.child("BufferingHints")?;
    let partitioning = s3.child("DynamicPartitioningConfiguration")?;
    let bucket_arn = s3.required_text("BucketARN")?;
    let megabytes = hints.number("SizeInMBs", 5, (1, 128))?;
    Ok(DeliveryStream {
        name: scope.physical_name(id, id)?,
        stream: last_segment(&source.required_text("KinesisStreamARN")?).to_owned(),
        bucket: bucket_arn.strip_prefix("arn:aws:s3:::").unwrap_or(&bucket_arn).to_owned(),
        prefix: s3.text("Prefix")?.unwrap_or_default(),
        error_prefix: s3.text("ErrorOutputPrefix")?.unwrap_or_default(),
        file_extension: s3.text("FileExtension")?.unwrap_or_default(),
        buffer_bytes: usize::try_from(megabytes << 20).unwrap_or(5 << 20),
        buffer_interval: hints.seconds("IntervalInSeconds", 300, (0, 900))?,
        compression: match s3.text("CompressionFormat")?.as_deref() {
            None | Some("UNCOMPRESSED") => Compression::None,
            Some("GZIP") => Compression::Gzip,
            Some(other) => return Err(s3.invalid("CompressionFormat", format!("is {other}; GZIP and UNCOMPRESSED run here"))),
        },
        dynamic_partitioning: partitioning.flag("Enabled")?.unwrap_or(false),
        processing: processing(&s3.child("ProcessingConfiguration")?)?,
    })
}

fn processing(properties: &Properties<'_, '_>) -> Result<Option<Processing>, TemplateError> {
    if properties.flag("Enabled")? != Some(true) {
        return Ok(None);
    }
    let processors = properties.value("Processors")?.unwrap_or(Value::Null);
    let lambda = processors.as_array().into_iter().flatten().find(|processor| processor.get("Type").is_some_and(|kind| kind == "Lambda"));
    let Some(lambda) = lambda else {
        return Err(properties.invalid("Processors", "has no processor of type Lambda, the only one that runs here"));
    };
    let parameters = lambda.get("Parameters").and_then(Value::as_array);
    let parameter = |name: &str| {
        let named = parameters.into_iter().flatten().find(|parameter| parameter.get("ParameterName").is_some_and(|found| found == name));
        named.and_then(|parameter| parameter.get("ParameterValue")).map(super::intrinsics::written)
    };
    let number = |name: &str, default: f64, limits: (f64, f64)| match parameter(name) {
        None => Ok(default),
        Some(text) => text.parse::<f64>().ok().filter(|number| (limits.0..=limits.1).contains(number)).ok_or_else(|| {
            properties.invalid(name, format!("is {text:?}, expected {} to {}", limits.0, limits.1))
        }),
    };
    let arn = parameter("LambdaArn").ok_or_else(|| properties.invalid("LambdaArn", "is required"))?;
    Ok(Some(Processing {
        function: arn.split(':').nth(6).unwrap_or(&arn).to_owned(),
        buffer_bytes: bytes_of_megabytes(number("BufferSizeInMBs", 1.0, (0.2, 3.0))?),
        buffer_interval: Duration::from_secs_f64(number("BufferIntervalInSeconds", 60.0, (0.0, 900.0))?),
        retries: parameter("NumberOfRetries").and_then(|text| text.parse().ok()).unwrap_or(3),
    }))
}

/// At most 3 MB, so the cast is exact.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.2 to 3 MB, checked before")]
fn bytes_of_megabytes(megabytes: f64) -> usize {
    (megabytes * f64::from(1 << 20)) as usize
}

fn check_references(topology: &Topology) -> Result<(), TemplateError> {
    let has_stream = |name: &str| topology.streams.iter().any(|stream| stream.name == name);
    let has_function = |name: &str| topology.functions.iter().any(|function| function.name == name);
    let has_bucket = |name: &str| topology.buckets.iter().any(|bucket| bucket == name);
    let absent = |place: &str, kind: &str, name: &str| Err(TemplateError::invalid(place, format!("{kind} {name:?} is not in the template")));
    for mapping in &topology.mappings {
        if !has_stream(&mapping.stream) {
            return absent(&mapping.function, "stream", &mapping.stream);
        }
        if let Some(OnFailure::Bucket(bucket)) = &mapping.on_failure && !has_bucket(bucket) {
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
        if let Some(processing) = &delivery.processing && !has_function(&processing.function) {
            return absent(&delivery.name, "function", &processing.function);
        }
    }
    Ok(())
}

fn last_segment(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}
