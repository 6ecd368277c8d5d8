//! Which data set a stream carries, and which schedule feeds it. A data set's name is its schema's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use record_model::Schema;
use serde::Deserialize;

use crate::options::RunOptions;
use crate::pipeline::task::Task;
use template::{FunctionDefinition, Schedule, Topology};

/// The beginning of a name that stands for a schema in a bucket.
const S3_SCHEME: &str = "s3://";

#[derive(Deserialize)]
struct NamesSchema {
    schema: String,
}

/// The data sets of a template, by the streams that carry them and the schedules that feed them.
#[derive(Debug, Default)]
pub(crate) struct DataSets {
    streams: BTreeMap<String, String>,
    schedules: BTreeMap<String, String>,
    /// Those that can be read, by name.
    schemas: BTreeMap<String, Schema>,
}

/// Where a function on this machine finds a schema that is not built in.
struct SchemaFiles<'a> {
    /// The folder in which functions run.
    package: &'a Path,
    /// A folder that contains a folder for each bucket.
    buckets: PathBuf,
}

impl DataSets {
    /// The data set of each stream: what its producer's schedule names, or else the `SCHEMA` of a function
    /// that reads it, or else the stream's own name. A schema that can't be read is called by its reference.
    pub(crate) fn of(topology: &Topology, options: &RunOptions) -> Self {
        let files = SchemaFiles { package: &options.binaries, buckets: options.data_dir.join("s3") };
        let function = |name: &str| topology.functions.iter().find(|function| function.name == name);
        let variable =
            |name: &str, variable: &str| function(name).and_then(|function| function.variables.get(variable));
        let of_schedules = topology.schedules.iter().filter_map(|schedule| schema_of(topology, schedule));
        let of_functions = topology.functions.iter().filter_map(|function| function.variables.get("SCHEMA"));
        let references = of_schedules.chain(of_functions.cloned());
        let schemas = references.filter_map(|reference| files.schema(&reference));
        let schemas = schemas.map(|schema| (schema.name().to_owned(), schema)).collect();
        let schedules: BTreeMap<String, String> = topology
            .schedules
            .iter()
            .filter_map(|schedule| Some((schedule.name.clone(), files.name(&schema_of(topology, schedule)?))))
            .collect();
        let produced = topology.schedules.iter().filter_map(|schedule| {
            Some((
                variable(&schedule.function, "STREAM_NAME")?.clone(),
                schedules.get(&schedule.name)?.clone(),
            ))
        });
        let consumed = topology.mappings.iter().filter_map(|mapping| {
            Some((mapping.stream.clone(), files.name(variable(&mapping.function, "SCHEMA")?)))
        });
        let transformed = topology.deliveries.iter().filter_map(|delivery| {
            let processing = delivery.processing.as_ref()?;
            Some((delivery.stream.clone(), files.name(variable(&processing.function, "SCHEMA")?)))
        });
        let named = topology.streams.iter().map(|stream| (stream.name.clone(), stream.name.clone()));
        let mut streams = BTreeMap::new();
        for (stream, data_set) in produced.chain(consumed).chain(transformed).chain(named) {
            streams.entry(stream).or_insert(data_set);
        }
        Self { streams, schedules, schemas }
    }

    /// The data set that the stream carries.
    pub(crate) fn of_stream<'a>(&'a self, stream: &'a str) -> &'a str {
        self.streams.get(stream).map_or(stream, |data_set| data_set)
    }

    /// The schema of a data set, where it can be read.
    pub(crate) fn schema(&self, data_set: &str) -> Option<&Schema> {
        self.schemas.get(data_set)
    }

    /// What the schedule produces; one that produces nothing has none.
    pub(crate) fn of_schedule(&self, schedule: &Schedule) -> Option<&str> {
        self.schedules.get(&schedule.name).map(String::as_str)
    }
}

/// The reference to the schema of a schedule's records: in its event, or else its function's `SCHEMA`.
pub(crate) fn schema_of(topology: &Topology, schedule: &Schedule) -> Option<String> {
    let input = schedule.input.as_deref();
    if Task::of(input) != Task::Produce {
        return None;
    }
    let named =
        input.and_then(|input| serde_json::from_str::<NamesSchema>(input).ok()).map(|input| input.schema);
    let is_its_function = |function: &&FunctionDefinition| function.name == schedule.function;
    named.or_else(|| topology.functions.iter().find(is_its_function)?.variables.get("SCHEMA").cloned())
}

impl SchemaFiles<'_> {
    /// The name of a schema by its reference: a built-in one, a file, or an object in a bucket.
    fn name(&self, reference: &str) -> String {
        self.schema(reference).map_or_else(|| reference.to_owned(), |schema| schema.name().to_owned())
    }

    /// The schema itself; none where it can't be read.
    fn schema(&self, reference: &str) -> Option<Schema> {
        let path = match reference.strip_prefix(S3_SCHEME) {
            Some(object) => self.buckets.join(object),
            None if is_toml(reference) => self.package.join(reference),
            None => return Schema::built_in(reference),
        };
        fs::read_to_string(path).ok().and_then(|text| Schema::parse(&text).ok())
    }
}

fn is_toml(reference: &str) -> bool {
    Path::new(reference).extension().is_some_and(|extension| extension == "toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_called_by_its_name_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let buckets = folder.path().join("s3");
        fs::create_dir_all(buckets.join("bucket/schemas")).unwrap();
        let schema = "name = \"orders\"\nform = \"json\"\n[[fields]]\nname = \"a\"\ntype = \"string\"\n";
        fs::write(folder.path().join("mine.toml"), schema).unwrap();
        fs::write(buckets.join("bucket/schemas/x.toml"), schema).unwrap();
        let files = SchemaFiles { package: folder.path(), buckets };
        let absolute = folder.path().join("mine.toml").display().to_string();
        for reference in ["mine.toml", &absolute, "s3://bucket/schemas/x.toml", "orders"] {
            assert_eq!(files.name(reference), "orders", "{reference}");
        }
        assert_eq!(files.name("gone.toml"), "gone.toml");
    }
}
