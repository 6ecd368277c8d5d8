//! The streams of a template, with what reads them.

use std::collections::BTreeMap;
use std::path::Path;

use template::{StreamMode, TemplateError, Topology};

use super::bill::Plan;
use super::load::{Load, float};

/// The memory of the template's consumers, in MB.
pub(super) const CONSUMER_MB: f64 = 512.0;
const HOUR_S: f64 = 3600.0;

/// A plan for each stream of the template, with its name, under this load.
pub(super) fn plans(
    template: &Path,
    parameters: &[(String, String)],
    load: &Load,
) -> Result<Vec<(String, Plan)>, TemplateError> {
    let parameters: BTreeMap<String, String> = parameters.iter().cloned().collect();
    let topology = template::read(template, &parameters)?;
    Ok(topology.streams.iter().map(|stream| (stream.name.clone(), plan(&topology, stream, load))).collect())
}

fn plan(topology: &Topology, stream: &template::Stream, load: &Load) -> Plan {
    let mappings: Vec<_> = topology.mappings.iter().filter(|mapping| mapping.stream == stream.name).collect();
    let deliveries: Vec<_> =
        topology.deliveries.iter().filter(|delivery| delivery.stream == stream.name).collect();
    let fan_out = mappings.iter().filter(|mapping| mapping.consumer.is_some()).count();
    let transforms = deliveries.iter().filter(|delivery| delivery.processing.is_some()).count();
    let memory = mappings.iter().filter_map(|mapping| {
        let function = topology.functions.iter().find(|function| function.name == mapping.function)?;
        Some(f64::from(function.memory_mb))
    });
    Plan {
        load: load.clone(),
        shards: (stream.mode == StreamMode::Provisioned).then(|| f64::from(stream.shards)),
        consumers: float(mappings.len()),
        fan_out: float(fan_out),
        deliveries: float(deliveries.len()),
        transforms: float(transforms),
        retention_hours: stream.retention.as_secs_f64() / HOUR_S,
        consumer_mb: memory.reduce(f64::max).unwrap_or(CONSUMER_MB),
    }
}
