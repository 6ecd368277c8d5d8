//! Checks that the tables for Athena fit what a run writes, and that the saved queries run. Both use the same SQL on
//! `DuckDB`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::example_run;
use crate::runs::lines_below;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn resources() -> BTreeMap<String, Value> {
    let parameters = BTreeMap::from([("AthenaTables".to_owned(), "true".to_owned())]);
    template::resources(&root().join("template.yaml"), &parameters).unwrap()
}

/// The name and the type of each column.
fn columns(table: &Value) -> Vec<(String, String)> {
    let columns = table["TableInput"]["StorageDescriptor"]["Columns"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    columns.map(|column| (text(&column["Name"]), text(&column["Type"]))).collect()
}

/// The columns of the statement that `kinflow schema NAME --as athena` prints.
fn printed(name: &str) -> Vec<(String, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    let output = command.args(["schema", name, "--as", "athena"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (columns, _) = text.split_once("\n)\n").unwrap();
    let lines = columns.lines().skip(1).map(|line| line.trim().trim_end_matches(','));
    let column = |line: &str| {
        let (name, rest) = line.split_once(' ').unwrap();
        let (kind, _) = rest.split_once(" COMMENT").unwrap_or((rest, ""));
        (name.replace('`', ""), kind.replace('`', ""))
    };
    lines.map(column).collect()
}

#[test]
fn a_table_of_typed_records_has_the_columns_that_the_schema_prints() {
    assert_eq!(columns(&resources()["Athena/Crime"]["Properties"]), printed("crime"));
}

#[test]
fn a_table_of_enriched_records_has_the_schema_in_its_column_record() {
    for (table, schema) in [("Athena/Tweets", "tweets"), ("Athena/Users", "users")] {
        let columns = columns(&resources()[table]["Properties"]);
        let (_, record) = columns.iter().find(|(name, _)| name == "record").unwrap();
        let fields: Vec<String> =
            printed(schema).into_iter().map(|(name, kind)| format!("{name}:{kind}")).collect();
        assert_eq!(record, &format!("struct<{}>", fields.join(",")));
    }
}

/// Takes the tables and the queries as JSON; prints the tables' counts and, for each query, columns and rows.
const SCRIPT: &str = r#"
import json, sys, duckdb, sqlglot
given = json.load(sys.stdin)
def kind(node):
    return node.sql(dialect="duckdb")
def duck(text):
    return kind(sqlglot.exp.DataType.build(text, dialect="hive"))
connection = duckdb.connect()
connection.sql("SET TimeZone = 'UTC'")
# Presto's name of a function that DuckDB has under another.
connection.sql("CREATE MACRO json_extract_scalar(text, path) AS json_extract_string(text, path)")
counts = {}
for name, table in given["tables"].items():
    columns = "{" + ", ".join(f"'{column}': '{duck(hive)}'" for column, hive in table["columns"]) + "}"
    files = f"'{table['folder']}/*/*/*'"
    options = "hive_partitioning = true, hive_types_autocast = false"
    reader = (f"read_json({files}, format = 'newline_delimited', columns = {columns}, {options})" if table["json"] else
              f"read_csv({files}, delim = '\x01', quote = '', escape = '', header = false, compression = 'gzip', columns = {columns}, {options})")
    connection.sql(f"CREATE VIEW {name} AS SELECT * FROM {reader}")
    counts[name] = connection.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0]
answers = {}
for name, query in given["queries"].items():
    sqlglot.parse_one(query, dialect="athena")
    answer = connection.sql(query)
    answers[name] = {"columns": answer.columns, "rows": [list(map(str, row)) for row in answer.fetchall()]}
print(json.dumps({"counts": counts, "answers": answers}))
"#;

fn asked(bucket: &Path) -> Value {
    let (mut tables, mut queries) = (json!({}), json!({}));
    for resource in resources().values() {
        let properties = &resource["Properties"];
        if resource["Type"] == "AWS::Glue::Table" {
            let input = &properties["TableInput"];
            let storage = &input["StorageDescriptor"];
            let location = storage["Location"].as_str().unwrap().strip_prefix("s3://databucket/").unwrap();
            let template = input["Parameters"]["storage.location.template"].as_str().unwrap();
            assert_eq!(template, format!("s3://databucket/{location}dt=${{dt}}/hour=${{hour}}/"));
            let serde = storage["SerdeInfo"]["SerializationLibrary"].as_str().unwrap();
            tables[input["Name"].as_str().unwrap()] = json!({
                "folder": bucket.join(location.trim_end_matches('/')),
                "columns": columns(properties),
                "json": serde.contains("Json"),
            });
        } else if resource["Type"] == "AWS::Athena::NamedQuery" {
            queries[properties["Name"].as_str().unwrap()] = properties["QueryString"].clone();
        }
    }
    json!({"tables": tables, "queries": queries})
}

#[test]
fn the_saved_queries_answer_what_a_run_wrote() {
    let Some(python) = test_support::python_with("duckdb, sqlglot") else { return };
    let folder = example_run::run();
    let given = asked(&folder.path().join("s3/databucket"));
    let file = folder.path().join("given.json");
    std::fs::write(&file, given.to_string()).unwrap();
    let input = std::fs::File::open(&file).unwrap();
    let output = Command::new(python).args(["-c", SCRIPT]).stdin(input).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |prefix: &str| lines_below(folder.path(), prefix).len();
    let (crimes, tweets, users) = (count("typed/crime"), count("enriched/tweets"), count("enriched/users"));
    assert!(crimes > 0 && tweets > 0 && users > 0);
    let expected = json!({"crime": crimes, "tweets": tweets, "users": users, "raw_tweets": tweets});
    assert_eq!(answer["counts"], expected);

    let rows = |query: &str| answer["answers"][query]["rows"].as_array().unwrap().clone();
    let sum = |query: &str, column: usize| -> usize {
        let cells = rows(query).into_iter().map(move |row| row[column].as_str().unwrap().parse::<usize>());
        cells.map(Result::unwrap).sum()
    };
    assert_eq!(sum("crimes-by-day", 2), crimes);
    assert_eq!(sum("sentiment-of-tweets", 1), tweets);
    assert_eq!(sum("running-age", 2), users);
    let ids = rows("raw-ids");
    assert_eq!(ids.len(), tweets);
    assert!(
        ids.iter().all(|row| row[0].as_str().unwrap().bytes().all(|byte| byte.is_ascii_digit())),
        "{ids:?}"
    );
}
