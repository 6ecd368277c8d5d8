//! What a destination takes for a name: every generated statement is parsed by a parser that is not ours, and a name
//! that can't be one is refused before a document has it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::process::Command;

use proptest::prelude::*;
use record_model::Schema;
use serde_json::Value;

/// Prints the columns that sqlglot, as Athena reads, finds in the statement of the first argument.
const COLUMNS: &str = "
import sys, json, sqlglot
from sqlglot import exp

def inner(kind):
    return [(part.name, inner(part.args['kind'])) for part in kind.expressions if isinstance(part, exp.ColumnDef)]

def columns(statement):
    table = sqlglot.parse_one(statement, dialect='athena')
    assert isinstance(table, exp.Create), table
    return [(c.name, inner(c.args['kind'])) for c in table.this.expressions]

print(json.dumps([columns(statement) for statement in json.loads(sys.argv[1])]))
";

/// What Python's sqlglot says of these statements; `None`, and a word, where there is none.
fn columns(statements: &[String]) -> Option<Value> {
    let python = test_support::python_with("sqlglot")?;
    let statements = serde_json::to_string(statements).unwrap();
    let output = Command::new(python).args(["-c", COLUMNS, &statements]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn schema_of(names: &[&str]) -> Schema {
    let mut toml = String::from("name = \"names\"\nform = \"json\"\n");
    for name in names {
        write!(toml, "\n[[fields]]\nname = \"{name}\"\ntype = \"string\"\n").unwrap();
        toml.push_str("description = \"it's a \\\\ `name`, \\\"quoted\\\"\\nand; more\"\n");
    }
    Schema::parse(&toml).unwrap()
}

fn table(schema: &Schema) -> Result<String, String> {
    schema.athena_table("s3://bucket/it's", "2026-01-01").map_err(|error| error.to_string())
}

#[test]
fn every_built_in_schema_makes_a_table_that_parses() {
    let schemas = Schema::built_in_names().iter().map(|name| Schema::built_in(name).unwrap());
    let statements: Vec<String> = schemas.map(|schema| table(&schema).unwrap()).collect();
    let Some(columns) = columns(&statements) else { return };
    assert_eq!(columns.as_array().map(Vec::len), Some(statements.len()));
}

#[test]
fn a_reserved_word_or_an_underscore_is_a_name_on_every_level() {
    let words = ["_id", "timestamp", "from", "order", "2nd", "a_b", "select", "map", "struct", "end"];
    let nested: Vec<String> = words.iter().map(|word| format!("meta.{word}")).collect();
    let deeper: Vec<String> = words.iter().map(|word| format!("meta.to.{word}")).collect();
    let names: Vec<&str> =
        words.iter().copied().chain(nested.iter().chain(&deeper).map(String::as_str)).collect();
    let statement = table(&schema_of(&names)).unwrap();
    let Some(columns) = columns(&[statement]) else { return };
    let leaves: Vec<Value> = words.iter().map(|word| serde_json::json!([word, []])).collect();
    let mut inner = leaves.clone();
    inner.push(serde_json::json!(["to", leaves]));
    let mut expected = leaves;
    expected.push(serde_json::json!(["meta", inner]));
    assert_eq!(columns, serde_json::json!([expected]));
}

#[test]
fn names_that_athena_can_not_tell_apart_are_refused() {
    for names in [&["a", "A"][..], &["o.Name", "o.name"], &["dt"], &["Hour"], &["a.b.c", "a.B"]] {
        assert!(table(&schema_of(names)).is_err(), "{names:?}");
    }
    for names in [&["o.dt", "o.hour", "day"][..], &["a.b", "A2.b"]] {
        assert!(table(&schema_of(names)).is_ok(), "{names:?}");
    }
}

#[test]
fn a_hyphen_is_for_columns_that_are_no_objects() {
    for names in [&["meta.content-type"][..], &["meta-data.a"], &["a.b-c.d"]] {
        let error = table(&schema_of(names)).unwrap_err();
        assert!(error.contains("athena") && error.contains('-'), "{error}");
    }
    assert!(table(&schema_of(&["content-type", "meta.a"])).is_ok());
}

#[test]
fn a_name_has_as_many_bytes_as_athena_takes() {
    assert!(table(&schema_of(&[&"a".repeat(255)])).is_ok());
    assert!(table(&schema_of(&[&"a".repeat(256)])).is_err());
}

#[test]
fn names_that_opensearch_keeps_for_itself_are_refused() {
    for name in ["_id", "_source", "_routing", "_index", "_version", "_id.of", "_doc_count"] {
        let error = schema_of(&[name]).opensearch_template().unwrap_err().to_string();
        assert!(error.contains("opensearch") && error.contains(name.split('.').next().unwrap()), "{error}");
    }
    for name in ["meta._id", "_extra", "_ID", "id"] {
        assert!(schema_of(&[name]).opensearch_template().is_ok(), "{name}");
    }
    let collects = |name: &str| {
        let toml = format!(
            "name = \"names\"\nform = \"json\"\nextra_fields = \"collect\"\nextra_name = \"{name}\"\n\
             [[fields]]\nname = \"a\"\ntype = \"string\"\n"
        );
        Schema::parse(&toml).unwrap().fit_opensearch().is_ok()
    };
    assert!(collects("rest") && !collects("_source"));
}

#[test]
fn a_data_set_that_can_name_no_index_is_refused() {
    for (name, fits) in [("Names", false), ("_names", false), ("-names", false), ("na_mes-2", true)] {
        let toml =
            format!("name = \"{name}\"\nform = \"json\"\n[[fields]]\nname = \"a\"\ntype = \"string\"\n");
        assert_eq!(Schema::parse(&toml).unwrap().fit_opensearch().is_ok(), fits, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1, ..ProptestConfig::default() })]

    /// One case with many names, since each case starts a Python.
    #[test]
    fn every_name_a_field_may_have_is_a_column(
        names in prop::collection::hash_set("[a-z0-9_-]{1,9}", 60..120),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).filter(|name| !["dt", "hour"].contains(name)).collect();
        let statement = table(&schema_of(&names)).unwrap();
        if let Some(columns) = columns(&[statement]) {
            let expected: Vec<Value> = names.iter().map(|name| serde_json::json!([name, []])).collect();
            prop_assert_eq!(columns, serde_json::json!([expected]));
        }
    }
}
