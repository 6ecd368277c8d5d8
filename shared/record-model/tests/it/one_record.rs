//! A payload is one record: several records in it are told apart or refused, and never mixed, and what
//! surrounds or ends a record does not affect it.

#![allow(clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use record_model::{RecordContext, Schema, Written};

/// Readings by a delimiter, what the head says more, and a guard.
fn rows(head: &str) -> Schema {
    let fields = ["meter", "reading", "remark"]
        .map(|name| format!("[[fields]]\nname = \"{name}\"\ntype = \"string\"\n"));
    Schema::parse(&format!(
        "name = \"meter\"\nform = \"delimited\"\ndelimiter = \"|\"\n{head}\n{}",
        fields.concat()
    ))
    .unwrap()
}

fn json(head: &str, fields: &[&str]) -> Schema {
    let fields: String =
        fields.iter().map(|field| format!("[[fields]]\ntype = \"string\"\n{field}\n")).collect();
    Schema::parse(&format!("name = \"events\"\nform = \"json\"\n{head}\n{fields}")).unwrap()
}

/// The document of a payload, or the word for why there is none.
fn typed(schema: &Schema, payload: &[u8]) -> Result<String, String> {
    let mut out = Vec::new();
    schema
        .write_typed_json(payload, &RecordContext::default(), &mut out)
        .map_err(|error| error.kind().to_owned())?;
    Ok(String::from_utf8(out).unwrap())
}

fn records(schema: &Schema, payload: &[u8]) -> Vec<String> {
    schema.records_in(payload).map(|record| String::from_utf8_lossy(record).into_owned()).collect()
}

proptest! {
    #[test]
    fn rows_of_one_payload_are_the_rows_it_was_made_of(
        rows_of in prop::collection::vec(prop::collection::vec("[a-z|\"\\\\\n\ré ]{0,5}", 3), 1..5),
        guard in prop::sample::select(vec!["", "quote = '\"'", "escape = '\\'"]),
        end in prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n"]),
        ends: bool,
    ) {
        let schema = rows(guard);
        let written: Vec<String> = rows_of.iter().filter_map(|values| {
            let document = serde_json::json!({"meter": values[0], "reading": values[1], "remark": values[2]});
            let mut row = Vec::new();
            schema.write_payload(document.to_string().as_bytes(), &mut row).ok()?;
            Some(String::from_utf8(row).unwrap())
        }).collect();
        let payload = [written.join(end), if ends { end.to_owned() } else { String::new() }].concat();
        prop_assert_eq!(&records(&schema, payload.as_bytes()), &written);
        let whole = typed(&schema, payload.as_bytes());
        match &*written {
            [] => {}
            [row] => prop_assert_eq!(whole, typed(&schema, row.as_bytes())),
            _ => prop_assert_eq!(whole, Err("several_records".to_owned())),
        }
    }

    #[test]
    fn a_row_is_written_so_that_it_is_one_or_not_at_all(
        values in prop::collection::vec("[a|\"\\\\\n\r\u{FEFF}é]{0,4}", 3),
        guard in prop::sample::select(vec!["", "quote = '\"'", "escape = '\\'"]),
    ) {
        let schema = rows(guard);
        let document = serde_json::json!({"meter": values[0], "reading": values[1], "remark": values[2]}).to_string();
        let mut row = Vec::new();
        if schema.write_payload(document.as_bytes(), &mut row).is_err() {
            prop_assert!(guard.is_empty() && values.iter().any(|value| value.contains(['|', '\n', '\r'])));
            prop_assert!(row.is_empty());
        } else {
            let again: serde_json::Value = serde_json::from_str(&typed(&schema, &row).unwrap()).unwrap();
            let expected = values.iter().map(|value| (!value.trim().is_empty()).then(|| value.clone()));
            let found = ["meter", "reading", "remark"].map(|name| again[name].as_str().map(str::to_owned));
            prop_assert_eq!(found.to_vec(), expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_dotted_member_is_found_however_it_is_nested(cuts in prop::collection::vec(any::<bool>(), 3), value in "[a-z]{1,5}") {
        let schema = json("", &["name = \"a.b.c.d\""]);
        // At each dot an object begins, or the name goes on.
        let mut payload = "{\"a".to_owned();
        for (step, name) in cuts.iter().zip(["b", "c", "d"]) {
            payload += &if *step { format!("\":{{\"{name}") } else { format!(".{name}") };
        }
        payload += &format!("\":\"{value}\"}}{}", "}".repeat(cuts.iter().filter(|step| **step).count()));
        let expected = format!(r#"{{"a":{{"b":{{"c":{{"d":"{value}"}}}}}}}}"#);
        prop_assert_eq!(typed(&schema, payload.as_bytes()), Ok(expected));
    }

    #[test]
    fn of_two_members_of_one_name_the_last_counts_as_serde_json_has_it(
        members in prop::collection::vec(
            prop::sample::select(vec![
                r#""id":"1""#, r#""id":"2""#, r#""id":null"#, r#""a":{"b":"3"}"#, r#""a":{"c":{"d":"4"}}"#,
                r#""a":{"b":"5","c":{"d":"6"}}"#, r#""a":{"c":null}"#, r#""a":{}"#, r#""a":null"#, r#""a":"7""#,
                r#""a":{"b":"8","b":null}"#, r#""a":[{"b":"9"}]"#, r#""a":{"c":{"d":"10"},"c":{}}"#,
            ]),
            0..6,
        ),
    ) {
        let schema = json("", &["name = \"id\"", "name = \"a.b\"", "name = \"a.c.d\""]);
        let payload = format!("{{{}}}", members.join(","));
        let once: serde_json::Value = serde_json::from_str(&payload).unwrap();
        prop_assert_eq!(typed(&schema, payload.as_bytes()), typed(&schema, once.to_string().as_bytes()), "{}", payload);
    }

    #[test]
    fn values_of_one_payload_are_the_values_it_was_made_of(
        texts in prop::collection::vec((any::<bool>(), ".{0,6}"), 1..5), between in "[ \t\r\n]{0,3}",
    ) {
        let schema = json("", &["name = \"id\""]);
        let values: Vec<String> = texts.iter().map(|(_, text)| serde_json::json!({"id": text}).to_string()).collect();
        let mark = |is_marked: bool| if is_marked { "\u{FEFF}" } else { "" };
        let parts = texts.iter().zip(&values).flat_map(|((is_marked, _), value)| [mark(*is_marked), &between, value]);
        let payload = parts.chain([&*between]).collect::<Vec<_>>().concat();
        prop_assert_eq!(&records(&schema, payload.as_bytes()), &values);
        let whole = typed(&schema, payload.as_bytes());
        if let [value] = &*values {
            prop_assert_eq!(whole, typed(&schema, value.as_bytes()));
        } else {
            prop_assert_eq!(whole, Err("several_records".to_owned()));
        }
    }
}

#[test]
fn a_second_row_is_no_part_of_the_first() {
    for extra in ["ignore", "collect", "fail"] {
        let schema = rows(&format!("extra_fields = \"{extra}\""));
        for payload in
            [&b"A1|1.5|ok\nA2|2.5|fine\n"[..], b"A1|1.5|ok|\r\nA2|2.5|fine|\r\n", b"A1|1.5|ok|\rA2|2.5|fine|"]
        {
            assert_eq!(typed(&schema, payload), Err("several_records".to_owned()), "{extra}");
            assert_eq!(records(&schema, payload).len(), 2);
        }
    }
    let quoted = rows("quote = '\"'\nextra_fields = \"ignore\"");
    assert_eq!(
        typed(&quoted, b"\"A\n1\"|1|\"o\nk\"\n").unwrap(),
        r#"{"meter":"A\n1","reading":"1","remark":"o\nk"}"#
    );
    assert_eq!(typed(&quoted, b"\"A1\"|1|\"ok\"|\nA2|2|fine"), Err("several_records".to_owned()));
    assert_eq!(typed(&quoted, b"\"A1|1|ok\nA2|2|fine"), Err("bad_quote".to_owned()));
}

#[test]
fn the_byte_where_the_second_record_begins_is_told() {
    let error = |schema: Schema, payload: &[u8]| {
        schema.write_typed_json(payload, &RecordContext::default(), &mut Vec::new()).unwrap_err()
    };
    assert_eq!(error(rows(""), b"A1|1|ok\nA2|2|fine").byte(), Some(7));
    assert_eq!(error(rows(""), "\u{FEFF}A1|1|ok\nA2|2|fine".as_bytes()).byte(), Some(10));
    assert_eq!(error(json("", &["name = \"id\""]), b"{\"id\":\"1\"} {}").byte(), Some(11));
}

#[test]
fn a_member_with_dots_in_its_name_is_found_and_can_be_told_from_a_nested_one() {
    let schema = json("", &["name = \"id\"", "name = \"service.name\""]);
    let expected = Ok(r#"{"id":"1","service":{"name":"shop"}}"#.to_owned());
    assert_eq!(typed(&schema, br#"{"id":"1","service.name":"shop"}"#), expected);
    assert_eq!(typed(&schema, br#"{"id":"1","service":{"name":"shop"}}"#), expected);
    let told_apart =
        json("", &["name = \"flat\"\npaths = ['\"a.b\"']", "name = \"nested\"\npaths = ['\"a\".\"b\"']"]);
    let both = br#"{"a":{"b":"nested"},"a.b":"flat"}"#;
    assert_eq!(typed(&told_apart, both).unwrap(), r#"{"flat":"flat","nested":"nested"}"#);
    assert_eq!(typed(&told_apart, br#"{"a":{"b":"nested"}}"#).unwrap(), r#"{"flat":null,"nested":"nested"}"#);
}

#[test]
fn a_path_whose_quote_is_not_closed_is_refused() {
    let toml =
        "name = \"e\"\nform = \"json\"\n[[fields]]\nname = \"a\"\ntype = \"string\"\npaths = ['\"a.b']\n";
    assert!(Schema::parse(toml).unwrap_err().to_string().contains("not closed"));
}

#[test]
fn half_a_character_is_mended_and_told() {
    let schema = json("extra_fields = \"collect\"", &["name = \"id\"", "name = \"text\""]);
    let mut out = Vec::new();
    let mut write = |payload: &str| {
        out.clear();
        let written =
            schema.write_typed_json(payload.as_bytes(), &RecordContext::default(), &mut out).unwrap();
        (written, String::from_utf8(out.clone()).unwrap())
    };
    let cut = "{\"id\":\"1\",\"text\":\"cut \u{FFFD}\"}".to_owned();
    assert_eq!(write(r#"{"id":"1","text":"cut \ud83d"}"#), (Written::Mended, cut));
    let (written, document) = write(r#"{"id":"1","text":"ok","\ud83d":"\udc00x","a":"\ud83d\ude00"}"#);
    assert_eq!(written, Written::Mended);
    assert!(serde_json::from_str::<serde_json::Value>(&document).is_ok(), "{document}");
    let ignores = json("", &["name = \"id\"", "name = \"text\""]);
    let fine = r#"{"id":"1","text":"ok"}"#.to_owned();
    assert_eq!(typed(&ignores, br#"{"id":"1","text":"ok","\ud83d":1,"b":"\udc00"}"#), Ok(fine));
}

#[test]
fn a_byte_order_mark_before_a_record_is_passed_over() {
    let schema = json("", &["name = \"id\""]);
    assert_eq!(typed(&schema, "\u{FEFF}{\"id\":\"1\"}".as_bytes()).unwrap(), r#"{"id":"1"}"#);
    assert_eq!(typed(&schema, "\u{FEFF}\u{FEFF}{\"id\":\"1\"}".as_bytes()), Err("not_json".to_owned()));
    let joined = "\u{FEFF}{\"id\":\"1\"}\n\u{FEFF}{\"id\":\"2\"}".as_bytes();
    assert_eq!(typed(&schema, joined), Err("several_records".to_owned()));
    assert_eq!(records(&schema, joined), [r#"{"id":"1"}"#, r#"{"id":"2"}"#]);
    assert_eq!(
        typed(&rows(""), "\u{FEFF}A1|1|ok".as_bytes()).unwrap(),
        r#"{"meter":"A1","reading":"1","remark":"ok"}"#
    );
}
