//! Files that are written as their schema says: the same rows give the same payloads in every dialect.

use std::io::Cursor;

use edge::sources::{FileForm, FileSource, Format, Next, ReadBytes, Source};
use proptest::prelude::*;
use record_model::Schema;

const FIELDS: &str = "[[fields]]\nname = \"ort\"\ntype = \"string\"\n\
                      [[fields]]\nname = \"preis\"\ntype = \"float\"\n[[fields]]\nname = \"anzahl\"\ntype = \"integer\"\n";

fn schema(file: &str) -> Schema {
    Schema::parse(&format!("name = \"waren\"\nform = \"json\"\n[file]\n{file}\n{FIELDS}")).unwrap()
}

/// What a file gives from a byte on: where each record begins, and its payload or why there is none; and why reading
/// ended early. Its name says CSV, whatever the schema says.
fn read(bytes: Vec<u8>, schema: &Schema, from: u64) -> (Vec<(u64, String)>, Option<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let form = FileForm {
            format: Format::Csv,
            schema: schema.clone(),
            name: "waren.csv".into(),
            ingested_at_ms: 0,
        };
        let mut source = FileSource::new(ReadBytes::new(Cursor::new(bytes)), form, from);
        let (mut found, mut payload) = (Vec::new(), Vec::new());
        loop {
            match source.next(&mut payload).await {
                Ok(Next::Record { position, .. }) => {
                    found.push((position, String::from_utf8(payload.clone()).unwrap()));
                }
                Ok(Next::Bad { position, error, .. }) => found.push((position, error.to_string())),
                Ok(Next::Wait { .. } | Next::End { .. }) => return (found, None),
                Err(error) => return (found, Some(edge::logging::chain(&error))),
            }
        }
    })
}

fn payloads(bytes: Vec<u8>, schema: &Schema) -> Vec<String> {
    let (found, ended) = read(bytes, schema, 0);
    assert_eq!(ended, None);
    found.into_iter().map(|(_, payload)| payload).collect()
}

proptest! {
    #[test]
    fn the_same_rows_give_the_same_payloads_in_whatever_dialect(
        rows in prop::collection::vec(("[a-zäß;,'\"\t\n]{1,6}x", -99_999..99_999_i64, any::<i32>()), 1..8),
        delimiter in prop::sample::select(vec![";", ",", "\t", "|"]),
        quote in prop::sample::select(vec!["\"", "'"]),
        encoding in prop::sample::select(vec!["", "utf-16", "windows-1252"]),
        line_end in prop::sample::select(vec!["\n", "\r\n"]),
        has_header: bool,
        skip in 0..3_u32,
        packing in 0..3,
    ) {
        let cell = |text: &str| format!("{quote}{}{quote}", text.replace(quote, &quote.repeat(2)));
        let mut text = format!("Titel; mit, allem{line_end}").repeat(skip as usize);
        if has_header {
            text += &[["Ort", "PREIS", "anzahl"].join(delimiter), line_end.to_owned()].concat();
        }
        for (place, cents, count) in &rows {
            let sign = if *cents < 0 { "-" } else { "" };
            let amount = format!("{sign}{},{:02}", cents.abs() / 100, cents.abs() % 100);
            text += &[[cell(place), cell(&amount), count.to_string()].join(delimiter), line_end.to_owned()].concat();
        }
        let says = if encoding.is_empty() { String::new() } else { format!("encoding = \"{encoding}\"\n") };
        let schema = schema(&format!(
            "delimiter = {delimiter:?}\nquote = {quote:?}\nheader = {has_header}\nskip = {skip}\ndecimal = \",\"\n{says}"
        ));
        let written: Vec<u8> = match encoding {
            "utf-16" => std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
            "windows-1252" => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
            _ => text.into_bytes(),
        };
        let file = match packing {
            0 => written,
            1 => zstd::encode_all(&*written, 1).unwrap(),
            _ => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                std::io::Write::write_all(&mut encoder, &written).unwrap();
                encoder.finish().unwrap()
            }
        };
        let expected: Vec<String> = rows.iter().map(|(place, cents, count)| {
            let sign = if *cents < 0 { "-" } else { "" };
            format!("{{\"ort\":{},\"preis\":{sign}{}.{:02},\"anzahl\":{count}}}",
                serde_json::json!(place), cents.abs() / 100, cents.abs() % 100)
        }).collect();
        let (all, ended) = read(file.clone(), &schema, 0);
        prop_assert_eq!(ended, None);
        let found: Vec<String> = all.iter().map(|(_, payload)| payload.clone()).collect();
        prop_assert_eq!(found, expected);
        // From each record on, too.
        for (at, (position, _)) in all.iter().enumerate() {
            let from_here = if at == 0 && !has_header { 0 } else { *position };
            prop_assert_eq!(&read(file.clone(), &schema, from_here).0, &all[at..].to_vec());
        }
    }
}

#[test]
fn a_number_of_another_form_is_bad_and_its_neighbours_are_not() {
    let file = "ort;preis;anzahl\na;1,5;1\nb;1.5;2\nc;2,5;3\n";
    let found = payloads(file.into(), &schema("delimiter = \";\"\ndecimal = \",\""));
    assert_eq!((found.len(), &*found[0]), (3, r#"{"ort":"a","preis":1.5,"anzahl":1}"#));
    assert_eq!(found[1], "at line 3, byte 25 of the source: field `preis`: expected a finite decimal number");
}

#[test]
fn lines_are_counted_from_the_file_s_first_whatever_is_skipped() {
    let file = "Bericht\r\nvom 1.1.\r\nort;preis;anzahl\r\na;1,5;x\r\n";
    let found = payloads(file.into(), &schema("delimiter = \";\"\ndecimal = \",\"\nskip = 2"));
    assert!(found[0].starts_with("at line 4, byte "), "{}", found[0]);
}

#[test]
fn a_schema_that_says_json_reads_a_file_of_any_name_as_json() {
    let file = "[{\"ort\":\"a\",\n\"preis\":1.5}]";
    assert_eq!(payloads(file.into(), &schema("format = \"json\"")), [r#"{"ort":"a","preis":1.5}"#]);
}

#[test]
fn a_file_none_of_whose_columns_is_a_field_s_is_refused_before_its_first_row() {
    for (file, reason) in [
        ("ort;preis;anzahl\na;1;2\n", "found 1 column `ort;preis;anzahl`: is the delimiter `;`?"),
        ("place,price\na,1\n", "found 2 columns `place`, `price`"),
    ] {
        let (found, ended) = read(file.into(), &schema(""), 0);
        assert_eq!(found, []);
        let ended = ended.unwrap();
        assert!(ended.starts_with("waren.csv: csv header does not fit the schema"), "{ended}");
        assert!(ended.ends_with(reason), "{ended}");
    }
}
