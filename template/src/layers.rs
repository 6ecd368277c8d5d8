//! Layers: folders of files that Lambda unpacks in a function's `/opt`. Here they stay where they are, so a variable
//! that names a file of a layer gets the file's path on this machine.

use std::path::Path;

use serde_json::Value;

use super::names::layer_of;
use super::properties::Properties;
use super::stop::{Read, Stop};
use super::{FunctionDefinition, Topology};

/// The folder in which Lambda unpacks layers.
const OPT: &str = "/opt/";

/// A layer of the template: its ARN, and its folder relative to the first template's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) arn: String,
    pub(super) folder: String,
}

/// Reads a layer whose content is a folder on this machine.
pub(super) fn layer(id: &str, properties: &Properties<'_>) -> Read<Layer> {
    properties.without_effect(&[
        "CompatibleArchitectures",
        "CompatibleRuntimes",
        "Description",
        "LayerName",
        "LicenseInfo",
        "PublishLambdaVersion",
        "RetentionPolicy",
    ]);
    let folder = ["ContentUri", "Content"].iter().find_map(|name| properties.node(name));
    let Some(folder) = folder.and_then(Value::as_str).filter(|folder| !folder.contains("://")) else {
        return Err(Stop::left_out(id, "a layer whose content is no folder of this machine is not run here"));
    };
    let arn = properties.scope().resource_reference(id, id)?;
    Ok(Layer { arn, folder: properties.scope().home.folder(folder) })
}

/// The ARNs of a function's layers in this template. Layers of other stacks are reported, since they are not here.
pub(super) fn of_function(properties: &Properties<'_>) -> Read<Vec<String>> {
    let named = properties.value("Layers")?;
    let (own, other): (Vec<String>, Vec<String>) = named
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|arn| arn.as_str().map(str::to_owned))
        .partition(|arn| layer_of(arn).is_some());
    if !other.is_empty() {
        properties.tell("Layers", "is not known here and has no effect");
    }
    Ok(own)
}

/// Replaces the paths of layers' files by their paths on this machine, in the variables of functions and in the events
/// of their schedules. `root` is the folder of the first template.
pub(super) fn mount(topology: &mut Topology, root: &Path) {
    let layers = std::mem::take(&mut topology.layers);
    let folders_of = |function: &FunctionDefinition| -> Vec<String> {
        // The last of several layers takes precedence, since Lambda unpacks them one over the other.
        let arns = function.layers.iter().rev();
        arns.filter_map(|arn| Some(layers.iter().find(|layer| layer.arn == *arn)?.folder.clone())).collect()
    };
    for function in &mut topology.functions {
        let folders = folders_of(function);
        for value in function.variables.values_mut() {
            if let Some(place) = place(value, &folders, root) {
                *value = place;
            }
        }
    }
    for schedule in &mut topology.schedules {
        let function = topology.functions.iter().find(|function| function.name == schedule.function);
        let folders = function.map(folders_of).unwrap_or_default();
        let event = schedule.input.as_deref().and_then(|input| serde_json::from_str::<Value>(input).ok());
        let Some(Value::Object(mut members)) = event.filter(|_| !folders.is_empty()) else { continue };
        for value in members.values_mut() {
            if let Some(place) = value.as_str().and_then(|text| place(text, &folders, root)) {
                *value = Value::String(place);
            }
        }
        schedule.input = Some(Value::Object(members).to_string());
    }
}

/// The path on this machine of a file below `/opt`.
fn place(text: &str, folders: &[String], root: &Path) -> Option<String> {
    let inside = text.strip_prefix(OPT)?;
    let files = folders.iter().map(|folder| root.join(folder).join(inside));
    let file = files.into_iter().find(|file| file.is_file())?;
    Some(std::path::absolute(file).ok()?.display().to_string())
}
