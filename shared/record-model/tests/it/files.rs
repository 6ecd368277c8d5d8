//! What a schema says of its files, and which files it refuses.

use record_model::{FileFormat, NumberForm, RecordContext, Schema};

fn schema(head: &str, fields: &str) -> Result<Schema, String> {
    Schema::parse(&format!("name = \"orders\"\nform = \"json\"\n{head}\n{fields}"))
        .map_err(|error| error.to_string())
}

const FIELDS: &str =
    "[[fields]]\nname = \"item\"\ntype = \"string\"\n[[fields]]\nname = \"price\"\ntype = \"float\"\n";

/// The payload of a row under a header, or why there is none.
fn payload(schema: &Schema, header: &[&str], row: &[&str]) -> Result<String, String> {
    let columns = schema.csv_columns(&header.to_vec().into()).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    columns
        .write_payload(schema, &csv::ByteRecord::from(row.to_vec()), &RecordContext::default(), &mut out)
        .map_err(|error| error.kind().to_owned())?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn a_schema_says_how_its_files_are_written_and_the_usual_where_it_says_nothing() {
    let usual = schema("", FIELDS).unwrap();
    let file = usual.file();
    assert_eq!((file.delimiter, file.quote, file.has_header, file.skip), (b',', Some(b'"'), true, 0));
    assert_eq!((file.format, file.encoding, file.numbers), (None, None, NumberForm::default()));
    let head = "[file]\nformat = \"csv\"\ndelimiter = \"\\t\"\nquote = \"\"\nencoding = \"Windows-1252\"\nheader = false\n\
                skip = 2\ndecimal = \",\"\nthousands = \".\"";
    let other = schema(head, FIELDS).unwrap();
    let file = other.file();
    assert_eq!((file.delimiter, file.quote, file.has_header, file.skip), (b'\t', None, false, 2));
    assert_eq!((file.format, file.encoding), (Some(FileFormat::Csv), Some("windows-1252")));
    assert_eq!(file.numbers, NumberForm { decimal: ',', thousands: Some('.') });
}

#[test]
fn a_dialect_that_no_file_can_have_is_refused_with_its_line() {
    for (key, reason) in [
        ("delimiter = \";;\"", "schema line 4: `delimiter` is \";;\", expected one ASCII character"),
        ("delimiter = \"é\"", "schema line 4: `delimiter`"),
        ("quote = \",\"", "schema line 4: `quote` is \",\", expected a character other than the delimiter"),
        ("encoding = \"ebcdic\"", "schema line 4: `encoding` is \"ebcdic\", expected an encoding"),
        ("decimal = \";\"", "schema line 4: `decimal` is \";\", expected `.` or `,`"),
        ("thousands = \".\"", "schema line 4: `thousands` is \".\", expected one of `.`, `,`"),
        ("separator = \";\"", "schema line 4: not a schema file: unknown field `separator`"),
    ] {
        let refused = schema(&format!("[file]\n{key}"), FIELDS).unwrap_err();
        assert!(refused.starts_with(reason), "{key}: {refused}");
    }
    let text = "[[fields]]\nname = \"t\"\ntype = \"string\"\ndecimal = \",\"";
    assert!(schema("", text).unwrap_err().contains("`decimal` has no meaning for this type"));
    let column = "[[fields]]\nname = \"t\"\ntype = \"string\"\ncolumn = 0";
    assert!(schema("", column).unwrap_err().contains("`column` counts from 1"));
}

#[test]
fn numbers_of_a_file_become_the_stream_s_and_those_of_another_form_are_refused() {
    let german = schema("null_tokens = [\"-\"]\n[file]\ndecimal = \",\"\nthousands = \".\"", FIELDS).unwrap();
    let of = |price| payload(&german, &["item", "price"], &["a,b", price]);
    assert_eq!(of("13.215,30").unwrap(), r#"{"item":"a,b","price":13215.30}"#);
    assert_eq!(of(" 7 ").unwrap(), r#"{"item":"a,b","price":7}"#);
    assert_eq!(of("-").unwrap(), r#"{"item":"a,b"}"#);
    assert_eq!(of("13215.30").unwrap_err(), "not_float");
    let own = format!("{FIELDS}decimal = \".\"\n");
    let mixed = schema("[file]\ndecimal = \",\"", &own).unwrap();
    assert_eq!(payload(&mixed, &["price"], &["52.5"]).unwrap(), r#"{"price":52.5}"#);
}

#[test]
fn columns_are_taken_by_their_place_where_a_header_is_missing_or_names_two_alike() {
    let nameless = schema("[file]\nheader = false", FIELDS).unwrap();
    let first = ["pen", "1.5", "x"];
    assert_eq!(payload(&nameless, &first, &first).unwrap(), r#"{"item":"pen","price":1.5}"#);
    let second = "[[fields]]\nname = \"name\"\ntype = \"string\"\ncolumn = 1\n\
                  [[fields]]\nname = \"name_2\"\ntype = \"string\"\ncolumn = 3";
    let twice = schema("", second).unwrap();
    let header = ["name", "at", "name"];
    assert_eq!(payload(&twice, &header, &["a", "b", "c"]).unwrap(), r#"{"name":"a","name_2":"c"}"#);
}

#[test]
fn a_file_none_of_whose_columns_is_a_field_s_is_refused_with_the_likeliest_reason() {
    let schema = schema("", FIELDS).unwrap();
    let refused = |header: &[&str]| payload(&schema, header, header).unwrap_err();
    let is_none = "no column of the file is a field of the schema (`item`, `price`): found ";
    for (header, found) in [
        (&["item;price"][..], "1 column `item;price`: is the delimiter `;`?"),
        (&["item\tprice"], "1 column `item\\tprice`: is the delimiter `\\t`?"),
        (&["pen", "1.5"], "2 columns `pen`, `1.5`: does the file lack a header?"),
        (&["i\0t\0e\0m\0"], "1 column `i\\0t\\0e\\0m\\0`: is its encoding UTF-16?"),
        (&["a", "b"], "2 columns `a`, `b`"),
    ] {
        assert_eq!(refused(header), format!("{is_none}{found}"));
    }
    let long = "x".repeat(500);
    assert!(refused(&[&long]).len() < 250);
}

#[test]
fn csv_columns_are_found_by_name_or_alias_in_any_order() {
    let schema = Schema::built_in("users").unwrap();
    let file = "\u{FEFF}Gender,LAST,age,first name,ignored\rfemale,\"O'Neil, Jr\",41,Ada,x\r";
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let columns = schema.csv_columns(reader.byte_headers().unwrap()).unwrap();
    let record = reader.byte_records().next().unwrap().unwrap();
    let mut payload = Vec::new();
    columns.write_payload(&schema, &record, &RecordContext::default(), &mut payload).unwrap();
    let expected = r#"{"first_name":"Ada","last_name":"O'Neil, Jr","age":41,"gender":"female"}"#;
    assert_eq!(String::from_utf8(payload).unwrap(), expected);
}

#[test]
fn a_csv_file_without_a_required_column_is_refused_before_its_first_record() {
    let schema = Schema::built_in("users").unwrap();
    let header = csv::ByteRecord::from(vec!["first", "last", "gender"]);
    let error = schema.csv_columns(&header).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the csv header has no column for the required field `age`: found 3 columns `first`, `last`, `gender`"
    );
    let twice = csv::ByteRecord::from(vec!["first", "first_name", "last", "age", "gender"]);
    assert!(schema.csv_columns(&twice).is_err());
}
