//! Which data set a stream carries, and which schedule feeds it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::pipeline::task::Task;
use template::{FunctionDefinition, Schedule, Topology};

#[derive(Deserialize)]
struct NamesSchema {
    schema: String,
}

/// The data set of each stream: what its producer's schedule names, else the `SCHEMA` of a function
/// behind it, else the stream's own name.
pub(crate) fn by_stream(topology: &Topology) -> BTreeMap<String, String> {
    let function = |name: &str| topology.functions.iter().find(|function| function.name == name);
    let variable =
        |name: &str, variable: &str| function(name).and_then(|function| function.variables.get(variable));
    let produced = topology.schedules.iter().filter_map(|schedule| {
        Some((variable(&schedule.function, "STREAM_NAME")?.clone(), of_schedule(topology, schedule)?))
    });
    let consumed = topology
        .mappings
        .iter()
        .filter_map(|mapping| Some((mapping.stream.clone(), variable(&mapping.function, "SCHEMA")?.clone())));
    let transformed = topology.deliveries.iter().filter_map(|delivery| {
        let processing = delivery.processing.as_ref()?;
        Some((delivery.stream.clone(), variable(&processing.function, "SCHEMA")?.clone()))
    });
    let named = topology.streams.iter().map(|stream| (stream.name.clone(), stream.name.clone()));
    let mut data_sets = BTreeMap::new();
    for (stream, data_set) in produced.chain(consumed).chain(transformed).chain(named) {
        data_sets.entry(stream).or_insert(data_set);
    }
    data_sets
}

/// The data set a schedule produces: the schema its event names, else its function's. One that produces nothing has none.
pub(crate) fn of_schedule(topology: &Topology, schedule: &Schedule) -> Option<String> {
    let input = schedule.input.as_deref();
    if Task::of(input) != Task::Produce {
        return None;
    }
    let named =
        input.and_then(|input| serde_json::from_str::<NamesSchema>(input).ok()).map(|input| input.schema);
    let is_its_function = |function: &&FunctionDefinition| function.name == schedule.function;
    named.or_else(|| topology.functions.iter().find(is_its_function)?.variables.get("SCHEMA").cloned())
}
