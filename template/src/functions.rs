//! A function of the template: its binary, its settings and its variables.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names::{function_of, last_segment};
use super::notes::Notes;
use super::properties::Properties;
use super::scope::written;
use super::stop::{Read, Stop};
use super::streams::plain_name;
use super::{AsynchronousRetries, FunctionDefinition, Role, kinds, layers};

/// The message for a function without a local binary.
const NO_BINARY: &str =
    "has no local code; Metadata.BuildProperties.Binary can name a binary that stands in for it";

/// Reads a function of SAM or of Lambda itself. Their properties differ in a few names.
pub(super) fn function(id: &str, resource: &Value, properties: &Properties<'_>) -> Read<FunctionDefinition> {
    properties.without_effect(&kinds::FUNCTION);
    let metadata = resource.get("Metadata").unwrap_or(&Value::Null);
    let code_uri = code_uri(properties)?;
    let memory = properties.number("MemorySize", 128, (128, 10_240))?;
    let reserved = properties.number("ReservedConcurrentExecutions", -1, (0, i64::from(u32::MAX)))?;
    let function = FunctionDefinition {
        name: plain_name(properties.scope().physical_name(id, id)?, id)?,
        logical_id: properties.scope().home.place(id),
        binary: binary(id, metadata, code_uri.as_deref(), properties)?,
        code_uri,
        runtime: properties.text("Runtime")?,
        handler: properties.text("Handler")?.unwrap_or_else(|| "bootstrap".to_owned()),
        timeout: properties.seconds("Timeout", 3, (1, 900))?,
        memory_mb: u32::try_from(memory).unwrap_or(128),
        variables: variables(properties)?,
        layers: layers::of_function(properties)?,
        reserved_concurrency: u32::try_from(reserved).ok(),
        asynchronous: asynchronous(&properties.child("EventInvokeConfig")?)?,
        role: role(id, metadata, properties)?,
    };
    for name in ["DeadLetterConfig", "DeadLetterQueue"] {
        if properties.value(name).is_ok_and(|value| value.is_some()) {
            properties.tell(name, "failures are not sent anywhere here");
        }
    }
    Ok(function)
}

/// The local folder of the code, if there is one: SAM's `CodeUri`, or a `Code` that is not packaged yet.
fn code_uri(properties: &Properties<'_>) -> Read<Option<String>> {
    properties.without_effect(&["InlineCode", "ImageUri", "PackageType"]);
    for name in ["CodeUri", "Code"] {
        if let Some(Value::String(folder)) = properties.value(name)?
            && !folder.starts_with("s3://")
        {
            return Ok(Some(properties.scope().home.folder(&folder)));
        }
    }
    Ok(None)
}

/// The name of the binary: the one that the build is given, or else the name of the folder, since SAM builds
/// a folder's only binary under it.
fn binary(id: &str, metadata: &Value, folder: Option<&str>, properties: &Properties<'_>) -> Read<String> {
    let place = format!("{id}.Metadata.BuildProperties.Binary");
    let named = metadata.get("BuildProperties").and_then(|build| build.get("Binary"));
    let named = named.map(|named| properties.scope().resolve(named, &place)).transpose()?.flatten();
    let name = named.as_ref().map(written).or_else(|| folder.map(|folder| last_segment(folder).to_owned()));
    match name {
        Some(name) if name.bytes().all(|byte| byte == b'.') => {
            Err(Stop::left_out(format!("{id}.Properties.CodeUri"), NO_BINARY))
        }
        Some(name) if !name.contains(['/', '\\', '\0']) => Ok(name),
        Some(name) => Err(Stop::malformed(place, format!("is {name:?}, expected the name of a file"))),
        None => Err(Stop::left_out(id, NO_BINARY)),
    }
}

fn variables(properties: &Properties<'_>) -> Read<BTreeMap<String, String>> {
    let section = properties.child("Environment")?.child("Variables")?;
    let mut variables = BTreeMap::new();
    for name in section.names() {
        if let Some(value) = section.text(&name)? {
            variables.insert(name, value);
        }
    }
    Ok(variables)
}

/// What Lambda does with a failed asynchronous invocation.
fn asynchronous(properties: &Properties<'_>) -> Read<AsynchronousRetries> {
    let retries = properties.number("MaximumRetryAttempts", 2, (0, 2))?;
    if !properties.child("DestinationConfig")?.is_absent() {
        properties.tell("DestinationConfig", "results and failures are not sent anywhere here");
        properties.child("DestinationConfig")?.pass_over();
    }
    Ok(AsynchronousRetries {
        maximum_retry_attempts: u32::try_from(retries).unwrap_or(2),
        maximum_event_age: properties.seconds("MaximumEventAgeInSeconds", 21_600, (60, 21_600))?,
    })
}

/// An `AWS::Lambda::EventInvokeConfig`: the function that it applies to, and its settings.
pub(super) fn invoke_config(properties: &Properties<'_>) -> Read<(String, AsynchronousRetries)> {
    properties.without_effect(&["Qualifier"]);
    let function = properties.required_text("FunctionName")?;
    Ok((function_of(&function).to_owned(), asynchronous(properties)?))
}

/// Which of kinflow's own functions this is, if it is one.
fn role(id: &str, metadata: &Value, properties: &Properties<'_>) -> Read<Option<Role>> {
    let Some(node) = metadata.get("Kinflow") else { return Ok(None) };
    let notes = Notes::default();
    let place = format!("{id}.Metadata.Kinflow");
    let kinflow = Properties::new(properties.scope(), &notes, node.clone(), place)?;
    let role = match kinflow.required_text("Role")?.as_str() {
        "producer" => Role::Producer,
        "consumer" => Role::Consumer,
        "transform" => Role::Transform,
        other => {
            let problem = format!("is {other:?}, expected producer, consumer or transform");
            return Err(kinflow.malformed("Role", &problem));
        }
    };
    for line in notes.lines(properties.scope()) {
        properties.notes().push(line);
    }
    Ok(Some(role))
}
