//! Reads a SAM template and returns the plain [`Topology`] of what there is to run.

mod applications;
mod conditions;
mod deliveries;
mod document;
mod events;
mod functions;
mod globals;
mod home;
mod inputs;
mod intrinsics;
mod kinds;
mod layers;
mod mappings;
mod names;
mod notes;
mod parameters;
mod pending;
mod position;
mod processors;
mod properties;
mod resolved;
mod resources;
mod rules;
mod schedules;
mod scope;
mod searches;
mod settle;
mod stop;
mod streams;
mod topology;
mod twins;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use position::{Position, Positions};
pub use resolved::Examined;
pub use scope::{ACCOUNT, REGION};
pub use searches::{IndexRotation, SearchIndex};
pub use topology::{
    AsynchronousRetries, Backup, Compression, DeliveryStream, FunctionDefinition, KinesisMapping, OnFailure,
    Processing, Role, Schedule, ScheduleService, StartingPosition, Stream, StreamMode, Topology, UnrunTaker,
};

/// Why a template can't be run here. The message names the resource and the property.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file can't be read.
    #[error("template {} can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the file system says.
        source: std::io::Error,
    },
    /// The file is not YAML.
    #[error("template {} is not YAML: {reason}", path.display())]
    NoYaml {
        /// The file.
        path: PathBuf,
        /// Where it is wrong and why, in the parser's words.
        reason: String,
    },
    /// A value is present but not valid.
    #[error("{place}: {problem}")]
    Invalid {
        /// Resource and property, such as `CrimeStream.Properties.ShardCount`.
        place: String,
        /// What was found and what was expected.
        problem: String,
    },
}

impl TemplateError {
    fn invalid(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { place: place.into(), problem: problem.into() }
    }

    /// The same error, as seen from the template that contains `application`.
    fn inside(self, application: &str) -> Self {
        match self {
            Self::Invalid { place, problem } => {
                Self::Invalid { place: format!("{application}/{place}"), problem }
            }
            of_a_file => of_a_file,
        }
    }
}

/// Reads the template at `path` and those that it includes, with these values for its parameters.
pub fn read(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Topology, TemplateError> {
    resources::topology(&scope(path, parameters)?)
}

/// The files that a run of the template reads if it is given none, by data set: `Metadata: {Kinflow: {Inputs: …}}`. A
/// deployment ignores them. Their paths are relative to the template's folder.
pub fn inputs(path: &Path) -> Result<Vec<(String, PathBuf)>, TemplateError> {
    inputs::of(&document::open(path)?, path.parent().unwrap_or(Path::new("")))
}

/// The parameter values that a run with an OpenSearch server uses unless it is given others. With them the template has
/// its deliveries to OpenSearch.
pub fn search_parameters(path: &Path) -> Result<BTreeMap<String, String>, TemplateError> {
    parameters::of_a_search(&document::open(path)?)
}

/// Returns every resource whose condition holds, as the template has it but with each function resolved. Resources of
/// applications have names such as `Orders/Role`. It serves rules about resources that do not run on one machine.
pub fn resources(
    path: &Path,
    parameters: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, serde_json::Value>, TemplateError> {
    resolved::resources(&scope(path, parameters)?)
}

/// Like [`resources`], for templates of other people: functions get SAM's globals, and what can't be resolved here is
/// named and left out.
pub fn examine(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Examined, TemplateError> {
    resolved::examine(&scope(path, parameters)?)
}

fn scope(path: &Path, parameters: &BTreeMap<String, String>) -> Result<scope::Scope, TemplateError> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    scope::Scope::new(document::open(path)?, parameters, home::Home::of(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Topology, TemplateError> {
        let document = document::parse(text).unwrap();
        let scope = scope::Scope::new(document, &BTreeMap::new(), home::Home::default())?;
        resources::topology(&scope)
    }

    #[test]
    fn streams_functions_and_mappings_come_out_plain() {
        let topology = read_text(include_str!("sample.yaml")).unwrap();
        let stream = topology.streams.first().unwrap();
        assert_eq!((stream.name.as_str(), stream.shards), ("OrdersStream", 2));
        let function = topology.functions.first().unwrap();
        assert_eq!(function.binary, "consumer");
        assert_eq!(function.timeout.as_secs(), 30);
        assert_eq!(function.variables.get("OUTPUT_BUCKET").map(String::as_str), Some("ordersbucket"));
        assert_eq!(function.variables.get("FROM_GLOBALS").map(String::as_str), Some("yes"));
        let mapping = topology.mappings.first().unwrap();
        assert_eq!((mapping.stream.as_str(), mapping.batch_size), ("OrdersStream", 7));
        assert_eq!(mapping.maximum_retry_attempts, Some(2));
        assert!(mapping.report_batch_item_failures);
        assert!(matches!(&mapping.on_failure, Some(OnFailure::Bucket(bucket)) if bucket == "ordersbucket"));
    }

    #[test]
    fn deliveries_know_their_stream_bucket_and_transform() {
        let topology = read_text(include_str!("sample.yaml")).unwrap();
        let delivery = topology.deliveries.first().unwrap();
        assert_eq!((delivery.stream.as_str(), delivery.bucket.as_str()), ("OrdersStream", "ordersbucket"));
        assert_eq!(delivery.buffer_bytes, 5 << 20);
        assert_eq!(delivery.processing.as_ref().unwrap().function, "OrdersFunction");
        assert_eq!(delivery.processing.as_ref().unwrap().buffer_bytes, 524_288);
    }

    #[test]
    fn a_resource_whose_condition_is_false_is_not_there() {
        let topology = read_text(include_str!("sample.yaml")).unwrap();
        assert!(topology.streams.iter().all(|stream| stream.name != "AuditStream"));
    }

    #[test]
    fn schedules_carry_their_input_and_state() {
        let topology = read_text(include_str!("sample.yaml")).unwrap();
        let schedule = topology.schedules.first().unwrap();
        assert_eq!(schedule.expression, "rate(5 minutes)");
        assert!(!schedule.enabled);
        assert_eq!(schedule.input.as_deref(), Some(r#"{"schema":"orders"}"#));
    }

    #[test]
    fn the_template_that_ships_is_understood() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        let topology = read(&path, &BTreeMap::new()).unwrap();
        let streams: Vec<&str> = topology.streams.iter().map(|stream| stream.name.as_str()).collect();
        assert_eq!(streams, ["CrimeStream", "TweetsStream", "UsersStream"]);
        assert!(topology.mappings.iter().all(|mapping| mapping.maximum_retry_attempts.is_some()));
        assert!(topology.deliveries.iter().any(|delivery| delivery.processing.is_some()));
        assert!(topology.left_out.is_empty(), "{:?}", topology.left_out);
    }

    #[test]
    fn an_error_names_the_resource_and_the_property() {
        let text = "Resources:\n  S:\n    Type: AWS::Kinesis::Stream\n    Properties: { ShardCount: many }\n";
        let error = read_text(text).unwrap_err().to_string();
        assert_eq!(error, "S.Properties.ShardCount: expected a whole number, found \"many\"");
    }

    #[test]
    fn a_reference_to_nothing_names_its_place() {
        let text =
            "Resources:\n  S:\n    Type: AWS::Kinesis::Stream\n    Properties: { ShardCount: !Ref Nope }\n";
        let error = read_text(text).unwrap_err().to_string();
        assert_eq!(
            error,
            "S.Properties.ShardCount: Ref names \"Nope\", which is neither a parameter nor a resource"
        );
    }
}
