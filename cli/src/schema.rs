//! `kinflow schema`: generates from a schema what other systems need to know about a data set.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand, ValueEnum};
use edge::opensearch::OpenSearch;
use record_model::{RecordContext, Schema, SchemaError, made_up};
use serde_json::json;
use thiserror::Error as ThisError;

use crate::aws::AwsArguments;
use crate::index_template;
use crate::own_data::{self, InferArguments};
use crate::run::opensearch;

/// Generates from a schema what surrounds a pipeline: an index template, a table, a JSON Schema, or test
/// data.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    generation: Option<Generation>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints the schema of a file: how the file is written, and its fields, each with the evidence.
    Infer(InferArguments),
}

/// What to generate, and from which schema.
#[derive(Debug, Args)]
struct Generation {
    /// The name of a built-in schema, or a schema file
    schema: String,

    /// What to generate
    #[arg(long = "as", value_enum)]
    form: Output,

    /// Put the index template to this server of OpenSearch instead of printing it, such as <http://127.0.0.1:9200>, and see
    /// that indices have its types
    #[arg(long, value_name = "URL", value_parser = opensearch)]
    apply: Option<OpenSearch>,

    /// A profile of ~/.aws/config that signs what is put to a domain of AWS; else keys as the AWS CLI finds them
    #[arg(long, value_name = "NAME", requires = "apply")]
    profile: Option<String>,

    /// Where the Athena table's documents are
    #[arg(long, default_value = "s3://OUTPUT-BUCKET/typed/NAME")]
    location: String,

    /// First day of the Athena table's partitions
    #[arg(long, default_value = "2026-01-01")]
    first_day: String,

    /// How many records to make up
    #[arg(long, default_value_t = 10)]
    count: u64,

    /// The seed of made-up records; the same seed gives the same records, except for their times
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// An OpenSearch index template
    #[value(name = "opensearch")]
    OpenSearch,
    /// A CREATE TABLE statement for Athena
    Athena,
    /// A JSON Schema (2020-12) of the documents
    JsonSchema,
    /// Made-up records, one a line
    Rows,
    /// Records that the schema refuses, one JSON line each: {"what", "data"}, or "`data_base64`" if they are
    /// not UTF-8
    BadRows,
}

/// Why nothing was generated.
#[derive(Debug, ThisError)]
pub(crate) enum SchemaCommandError {
    #[error("`{name}` is neither a built-in schema ({}) nor a file that can be read", Schema::built_in_names().join(", "))]
    Read { name: String, source: io::Error },
    #[error("`{name}` can't be used")]
    Schema { name: String, source: SchemaError },
    #[error("the schema does not fit")]
    Destination(#[from] SchemaError),
    #[error("the output could not be written")]
    Write(#[from] io::Error),
}

/// Runs the command; the result goes to standard output.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(Command::Infer(arguments)) = &arguments.command {
        return own_data::infer::run(arguments);
    }
    let generation = arguments.generation.as_ref();
    let generation = generation
        .ok_or("name a schema and what to generate from it, as in `kinflow schema crime --as athena`")?;
    let schema = load(&generation.schema)?;
    if let Some(server) = &generation.apply {
        return put(&schema, generation, server.clone());
    }
    let mut out = io::stdout().lock();
    match write(&schema, generation, &mut out) {
        // The reader of the output, such as `head`, has seen enough. That is not a failure.
        Err(SchemaCommandError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Puts the schema's index template to a server.
fn put(schema: &Schema, generation: &Generation, mut server: OpenSearch) -> Result<(), Box<dyn Error>> {
    if generation.form != Output::OpenSearch {
        return Err("--apply puts an index template, so it goes with --as opensearch".into());
    }
    let (name, template) = (schema.name(), schema.opensearch_template()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(region) = server.aws_region() {
        let aws = AwsArguments::of_region(region, generation.profile.clone());
        server = server.signed(runtime.block_on(aws.settings())?);
    }
    runtime.block_on(index_template::apply(&server, name, &template))?;
    writeln!(io::stderr(), "index template {name:?} is put: new indices {name} and {name}-* have its types")?;
    Ok(())
}

fn load(name: &str) -> Result<Schema, SchemaCommandError> {
    if let Some(schema) = Schema::built_in(name) {
        return Ok(schema);
    }
    let toml = fs::read_to_string(PathBuf::from(name))
        .map_err(|source| SchemaCommandError::Read { name: name.to_owned(), source })?;
    Schema::parse(&toml).map_err(|source| SchemaCommandError::Schema { name: name.to_owned(), source })
}

fn write(
    schema: &Schema,
    arguments: &Generation,
    out: &mut impl io::Write,
) -> Result<(), SchemaCommandError> {
    Ok(match arguments.form {
        Output::OpenSearch => out.write_all(schema.opensearch_template()?.as_bytes()),
        Output::JsonSchema => out.write_all(schema.json_schema().as_bytes()),
        Output::Athena => {
            let location = arguments.location.replace("NAME", schema.name());
            out.write_all(schema.athena_table(&location, &arguments.first_day)?.as_bytes())
        }
        Output::Rows => write_rows(schema, arguments, out),
        Output::BadRows => write_bad_rows(schema, arguments, out),
    }?)
}

fn write_rows(schema: &Schema, arguments: &Generation, out: &mut impl io::Write) -> io::Result<()> {
    let context = now();
    let mut row = Vec::new();
    for index in 0..arguments.count {
        row.clear();
        made_up::write(schema, arguments.seed, index, &context, &mut row);
        row.push(b'\n');
        out.write_all(&row)?;
    }
    out.flush()
}

fn write_bad_rows(schema: &Schema, arguments: &Generation, out: &mut impl io::Write) -> io::Result<()> {
    for bad in made_up::bad_payloads(schema, arguments.seed, &now()) {
        let line = match std::str::from_utf8(&bad.payload) {
            Ok(text) => json!({"what": bad.what, "data": text}),
            Err(_) => {
                json!({"what": bad.what, "data_base64": base64_simd::STANDARD.encode_to_string(&bad.payload)})
            }
        };
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// A context with the present time.
fn now() -> RecordContext<'static> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    RecordContext {
        ingested_at_ms: i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX),
        ..RecordContext::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(schema: &str, form: Output) -> String {
        let arguments = Generation {
            schema: schema.to_owned(),
            form,
            apply: None,
            profile: None,
            location: "s3://bucket/typed/NAME".to_owned(),
            first_day: "2026-01-01".to_owned(),
            count: 3,
            seed: 7,
        };
        let mut out = Vec::new();
        write(&load(schema).unwrap(), &arguments, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_form_of_every_built_in_schema_is_generated() {
        for name in Schema::built_in_names() {
            for form in [Output::OpenSearch, Output::JsonSchema] {
                serde_json::from_str::<serde_json::Value>(&output(name, form)).unwrap();
            }
            assert!(output(name, Output::Athena).contains(&format!("LOCATION 's3://bucket/typed/{name}/'")));
            assert_eq!(output(name, Output::Rows).lines().count(), 3);
            for line in output(name, Output::BadRows).lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
    }

    #[test]
    fn a_name_that_is_no_schema_and_no_file_is_an_error() {
        assert!(matches!(load("no/such/schema"), Err(SchemaCommandError::Read { .. })));
    }
}
