//! What the tests share: from a sample to its finding and its typed rows.

use infer::{Finding, NoTable, Options, Sample, infer};
use record_model::{RecordContext, object_on_one_line};
use serde_json::Value;

pub(crate) fn options() -> Options {
    Options { name: "sample".to_owned(), ..Options::default() }
}

pub(crate) fn found(bytes: &[u8]) -> Finding {
    try_found(bytes).unwrap()
}

pub(crate) fn try_found(bytes: &[u8]) -> Result<Finding, NoTable> {
    infer(Sample { bytes, is_whole: true }, &options())
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// What the schema alone makes of the rows of a UTF-8 text: the documents, read without this crate's help.
pub(crate) fn documents(finding: &Finding, text: &str) -> Vec<Value> {
    let (schema, file) = (&finding.schema, finding.schema.file());
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let payloads: Vec<Vec<u8>> = if file.format == Some(record_model::FileFormat::Json) {
        let values: Vec<Value> =
            serde_json::Deserializer::from_str(text).into_iter().map_while(Result::ok).collect();
        let objects = match &*values {
            [Value::Array(members)] => members.clone(),
            values => values.to_vec(),
        };
        let one_line =
            |json: String| object_on_one_line(json.as_bytes()).unwrap().unwrap_or(json.into_bytes());
        objects.iter().map(|object| one_line(object.to_string())).collect()
    } else {
        let text: String = text.split_inclusive('\n').skip(file.skip as usize).collect();
        let mut reader = csv::ReaderBuilder::new();
        reader.flexible(true).has_headers(false).delimiter(file.delimiter);
        reader.quote(file.quote.unwrap_or(b'"')).quoting(file.quote.is_some());
        let rows: Vec<csv::ByteRecord> =
            reader.from_reader(text.as_bytes()).into_byte_records().map(Result::unwrap).collect();
        let Some(first) = rows.first() else { return Vec::new() };
        let columns = schema.csv_columns(first).unwrap();
        rows.iter()
            .skip(usize::from(file.has_header))
            .filter(|row| row.len() == first.len())
            .filter_map(|row| {
                let mut payload = Vec::new();
                columns.write_payload(schema, row, &RecordContext::default(), &mut payload).ok()?;
                Some(payload)
            })
            .collect()
    };
    let document = |payload: Vec<u8>| {
        let mut out = Vec::new();
        schema.write_typed_json(&payload, &RecordContext::default(), &mut out).ok()?;
        Some(serde_json::from_slice(&out).unwrap())
    };
    payloads.into_iter().filter_map(document).collect()
}

/// Checks that every row types, and answers the first document.
#[track_caller]
pub(crate) fn first_of_all_typed(text: &str) -> (Finding, Value) {
    let finding = found(text.as_bytes());
    assert_eq!(finding.refused, [], "{}", finding.toml);
    let documents = documents(&finding, text);
    assert_eq!(documents.len() as u64, finding.rows, "{}", finding.toml);
    (finding, documents.first().cloned().unwrap_or_default())
}
