//! A function of the template, its event source mappings and its schedules.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::intrinsics::Scope;
use super::properties::Properties;
use super::resources::last_segment;
use super::{
    AsynchronousRetries, FunctionDefinition, KinesisMapping, OnFailure, Schedule, ScheduleService,
    StartingPosition, TemplateError, Topology,
};

pub(super) fn function(
    scope: &Scope<'_>,
    id: &str,
    resource: &Value,
    properties: &Properties<'_, '_>,
) -> Result<FunctionDefinition, TemplateError> {
    let metadata = Properties::new(
        scope,
        resource.get("Metadata").cloned().unwrap_or(Value::Null),
        format!("{id}.Metadata"),
    );
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
        logical_id: id.to_owned(),
        binary,
        code_uri: properties.text("CodeUri")?,
        runtime: properties.text("Runtime")?,
        handler: properties.text("Handler")?.unwrap_or_else(|| "bootstrap".to_owned()),
        timeout: properties.seconds("Timeout", 3, (1, 900))?,
        memory_mb: u32::try_from(memory).unwrap_or(128),
        variables,
        reserved_concurrency: None,
        asynchronous: AsynchronousRetries::default(),
        role: None,
    })
}

pub(super) fn events(
    topology: &mut Topology,
    function: &str,
    events: &Properties<'_, '_>,
) -> Result<(), TemplateError> {
    for (name, event) in events.children()? {
        let properties = event.child("Properties")?;
        match event.required_text("Type")?.as_str() {
            "Kinesis" => {
                if properties.flag("Enabled")? != Some(false) {
                    topology.mappings.push(mapping(function, &name, &properties)?);
                }
            }
            "Schedule" => topology.schedules.push(schedule(function, &name, &properties, "Schedule")?),
            "ScheduleV2" => {
                topology.schedules.push(schedule(function, &name, &properties, "ScheduleExpression")?);
            }
            other => {
                return Err(
                    event.invalid("Type", format!("is {other}; Kinesis, Schedule and ScheduleV2 run here"))
                );
            }
        }
    }
    Ok(())
}

fn mapping(
    function: &str,
    event: &str,
    properties: &Properties<'_, '_>,
) -> Result<KinesisMapping, TemplateError> {
    let window = properties.seconds("TumblingWindowInSeconds", 0, (0, 900))?;
    let responses = properties.value("FunctionResponseTypes")?;
    let reports = |types: &Vec<Value>| types.iter().any(|kind| kind == "ReportBatchItemFailures");
    let small = |name, default, limits| {
        properties.number(name, default, limits).map(|number| usize::try_from(number).unwrap_or(1))
    };
    if !properties.child("FilterCriteria")?.is_absent() {
        return Err(properties
            .invalid("FilterCriteria", "is not run here: it drops compressed and delimited data unseen"));
    }
    Ok(KinesisMapping {
        uuid: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{function}/{event}").as_bytes()).to_string(),
        function: function.to_owned(),
        stream: last_segment(&properties.required_text("Stream")?).to_owned(),
        starting_position: StartingPosition::TrimHorizon,
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
        service: if expression == "Schedule" {
            ScheduleService::EventBridgeRule
        } else {
            ScheduleService::Scheduler
        },
        expression: properties.required_text(expression)?,
        input: properties.text("Input")?,
        enabled,
    })
}
