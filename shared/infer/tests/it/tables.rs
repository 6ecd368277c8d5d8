//! Tables of many shapes, made up here after public ones: each is read correctly, or its rows are reported.

use serde_json::json;

use crate::support::{documents, first_of_all_typed, found, utf16};

/// A line for each number, from a template of it.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn semicolons_decimal_commas_german_dates_and_quoted_line_ends_under_a_byte_order_mark() {
    let rows = lines(60, |n| {
        format!(
            "A-{n:03};{}.12.2025 23:59;\"Zeile 1\nZeile \"\"2\"\"; {n}\";13.215,{:02};{n}\r\n",
            1 + n % 28,
            n
        )
    });
    let text = format!("\u{FEFF}Auftrags-Nr.;Bestellt am;Bemerkung;Größe (m²);Menge\r\n{rows}");
    let (finding, first) = first_of_all_typed(&text);
    assert_eq!(
        first,
        json!({
            "auftrags_nr": "A-000", "bestellt_am": "2025-12-01T23:59:00Z", "bemerkung": "Zeile 1\nZeile \"2\"; 0",
            "groesse_m": 13215.0, "menge": 0
        })
    );
    assert!(finding.toml.contains("event_time = \"bestellt_am\""), "{}", finding.toml);
    assert!(finding.toml.contains("document_id = \"auftrags_nr\""), "{}", finding.toml);
    assert!(finding.questions.is_empty());
}

#[test]
fn excel_s_unicode_text_is_the_same_table() {
    let rows = lines(30, |n| format!("{n}\t31.12.2025 23:59\tMüller\t1.234,5{}\r\n", n % 10));
    let text = format!("Nr\tZeit\tKunde\tBetrag\r\n{rows}");
    let finding = found(&utf16(&text));
    assert_eq!((finding.rows, finding.typed), (30, 30), "{:?}", finding.refused);
    let file = finding.schema.file();
    assert_eq!((file.delimiter, file.encoding), (b'\t', Some("utf-16")));
    let first = documents(&finding, &text).remove(0);
    assert_eq!(first, json!({"nr": 0, "zeit": "2025-12-31T23:59:00Z", "kunde": "Müller", "betrag": 1234.5}));
}

#[test]
fn windows_1252_is_told_from_utf_8() {
    let finding = found(b"Stra\xDFe,Gr\xF6\xDFe\nH\xFCttenweg,1.5\nM\xFChle,2.5\n");
    assert_eq!(finding.schema.file().encoding, Some("windows-1252"));
    assert_eq!((finding.rows, finding.typed), (2, 2));
    assert!(
        finding.toml.contains("csv = [\"Straße\"]") && finding.toml.contains("line 1"),
        "{}",
        finding.toml
    );
}

#[test]
fn a_file_without_a_header_has_columns_by_their_place() {
    let text = lines(20, |n| format!("{n},2026-01-{:02},17.{n},shop {n}\n", 1 + n));
    let (finding, first) = first_of_all_typed(&text);
    assert!(!finding.schema.file().has_header);
    assert_eq!(
        first,
        json!({"column_1": 0, "column_2": "2026-01-01", "column_3": 17.0, "column_4": "shop 0"})
    );
}

#[test]
fn columns_of_one_name_and_of_none_are_told_apart() {
    let text = "Name;Wert;Name;;Straße & Nr\nAda;1;Bob;x;Weg 1\nEve;2;Dan;y;Weg 2\n";
    let (_, first) = first_of_all_typed(text);
    let expected =
        json!({"name": "Ada", "wert": 1, "name_2": "Bob", "column_4": "x", "strasse_and_nr": "Weg 1"});
    assert_eq!(first, expected);
}

#[test]
fn thousands_of_english_numbers_are_no_decimals() {
    let rows = lines(25, |n| format!("Town {n},\"1,{n:03},{n:03}\",\"{n},250.75\"\n"));
    let text = format!("city,population,budget\n{rows}");
    let (_, first) = first_of_all_typed(&text);
    assert_eq!(first, json!({"city": "Town 0", "population": 1_000_000, "budget": 250.75}));
}

#[test]
fn seconds_and_milliseconds_since_1970_are_times_where_their_names_say_so() {
    let rows = lines(25, |n| format!("{n},{},{}\n", 1_767_225_600 + n, 1_767_225_600_000_u64 + n as u64));
    let (_, first) = first_of_all_typed(&format!("n,created_at,ts\n{rows}"));
    assert_eq!(first, json!({"n": 0, "created_at": "2026-01-01T00:00:00Z", "ts": "2026-01-01T00:00:00Z"}));
}

#[test]
fn iso_times_keep_the_moment_of_their_offset() {
    let rows = lines(25, |n| format!("{n},2026-01-31T12:00:{n:02}.5+01:00,2026-01-31 12:00:{n:02}\n"));
    let (_, first) = first_of_all_typed(&format!("n,seen,local\n{rows}"));
    assert_eq!(first, json!({"n": 0, "seen": "2026-01-31T11:00:00.5Z", "local": "2026-01-31T12:00:00Z"}));
}

#[test]
fn american_times_have_the_month_first_and_halves_of_the_day() {
    let rows = lines(25, |n| format!("{}/{}/2026 {}:05 PM,{n}\n", 1 + n % 12, 1 + n, 1 + n % 12));
    let (finding, first) = first_of_all_typed(&format!("Reported,n\n{rows}"));
    assert_eq!(first, json!({"reported": "2026-01-01T13:05:00Z", "n": 0}));
    assert!(finding.questions.is_empty(), "{:?}", finding.questions);
}

#[test]
fn booleans_are_whatever_two_words_a_language_has() {
    let rows = lines(40, |n| {
        let pick = |yes: &'static str, no: &'static str| if n % 2 == 0 { yes } else { no };
        format!("{};{};{};{}\n", pick("ja", "Nein"), pick("J", "N"), pick("1", "0"), pick("true", "false"))
    });
    let (finding, first) = first_of_all_typed(&format!("aktiv;bezahlt;offen;echt\n{rows}"));
    assert_eq!(first, json!({"aktiv": true, "bezahlt": true, "offen": true, "echt": true}));
    assert_eq!(finding.questions.len(), 1, "zeros and ones may be numbers");
}

#[test]
fn latitudes_and_longitudes_are_a_point() {
    let rows = lines(25, |n| format!("{n},48.{n:04},11.5{n:03}\n"));
    let (finding, first) = first_of_all_typed(&format!("id,Lat,Lon\n{rows}"));
    assert_eq!(first["location"], json!({"lat": 48.0, "lon": 11.5}));
    assert!(finding.toml.contains("min = -90") && finding.toml.contains("max = 180"), "{}", finding.toml);
}

#[test]
fn numbers_that_begin_with_zeros_stay_texts() {
    let rows = lines(25, |n| {
        format!("{n:05},{:05},+4989123456{n:02},{}\n", 1067 + n, 9_007_199_254_740_993_u64 + n as u64)
    });
    let (_, first) = first_of_all_typed(&format!("id,plz,tel,big\n{rows}"));
    let expected = json!({"id": "00000", "plz": "01067", "tel": "+498912345600", "big": "9007199254740993"});
    assert_eq!(first, expected);
}

#[test]
fn every_word_for_no_value_is_null() {
    let words = ["-", "N/A", "NULL", "", "n/a", "NaN", "?"];
    let rows = lines(70, |n| match words.get(n % 10) {
        Some(word) => format!("r{n},{word},{word}\n"),
        None => format!("r{n},{n},2026-01-0{}\n", 1 + n % 9),
    });
    let text = format!("key,amount,day\n{rows}");
    let (finding, first) = first_of_all_typed(&text);
    assert_eq!(first, json!({"key": "r0", "amount": null, "day": null}));
    assert_eq!(documents(&finding, &text)[8], json!({"key": "r8", "amount": 8, "day": "2026-01-09"}));
}

#[test]
fn nested_json_lines_have_dotted_fields() {
    let text = lines(25, |n| {
        format!(
            "{{\"id\":{n},\"user\":{{\"name\":\"u{n}\",\"geo\":{{\"lat\":1.5,\"lng\":2.5}}}},\"service.name\":\"s\",\"at\":\"2026-01-01T00:00:00Z\"}}\n"
        )
    });
    let (finding, first) = first_of_all_typed(&text);
    assert_eq!(first["user"], json!({"name": "u0", "geo": {"lat": 1.5, "lng": 2.5}}));
    assert_eq!((&first["service_name"], &first["at"]), (&json!("s"), &json!("2026-01-01T00:00:00Z")));
    assert_eq!(first["location"], json!({"lat": 1.5, "lon": 2.5}));
    assert!(finding.toml.contains("document_id = \"id\""), "{}", finding.toml);
}

#[test]
fn a_json_array_over_several_lines_is_its_objects() {
    let members = lines(5, |n| format!("  {{\n    \"n\": {n},\n    \"ok\": true,\n    \"x\": null\n  }},\n"));
    let text = format!("[\n{}\n]\n", members.trim_end().trim_end_matches(','));
    let (finding, first) = first_of_all_typed(&text);
    assert_eq!(finding.rows, 5);
    assert_eq!(first, json!({"n": 0, "ok": true, "x": null}));
}

#[test]
fn arrays_inside_json_are_collected_and_said_so() {
    let text = lines(25, |n| {
        format!(
            "{{\"n\":{n},\"tags\":[\"a\",{n}],\"mixed\":{}}}\n",
            if n % 2 == 0 { "1" } else { "{\"a\":1}" }
        )
    });
    let (finding, first) = first_of_all_typed(&text);
    assert_eq!(first, json!({"n": 0, "_extra": {"tags": ["a", 0], "mixed": 1}}));
    assert!(finding.toml.contains("`_extra` collects tags, mixed"), "{}", finding.toml);
}

#[test]
fn a_text_a_line_is_one_column() {
    let text = lines(30, |n| {
        format!("I love this place, it's \"great\" ({n}); will come{} again!\n", ",".repeat(n % 3))
    });
    let (finding, first) = first_of_all_typed(&text);
    assert_eq!(finding.rows, 30);
    assert_eq!(first, json!({"column_1": "I love this place, it's \"great\" (0); will come again!"}));
    assert!(finding.toml.contains("text = \"column_1\""), "{}", finding.toml);
}

#[test]
fn a_wide_table_has_all_its_columns() {
    let header: Vec<String> = (0..200).map(|n| format!("measure {n}")).collect();
    let rows = lines(30, |row| (0..200).map(|n| format!("{row}.{n}")).collect::<Vec<_>>().join(",") + "\n");
    let (_, first) = first_of_all_typed(&format!("{}\n{rows}", header.join(",")));
    assert_eq!(first.as_object().unwrap().len(), 200);
    assert_eq!(first["measure_199"], json!(0.199));
}

#[test]
fn a_header_alone_is_a_schema_of_texts() {
    let finding = found(b"id;name;amount\n");
    assert_eq!((finding.rows, finding.schema.file().delimiter), (0, b';'));
    assert!(finding.toml.contains("There are no rows"), "{}", finding.toml);
    assert_eq!(finding.toml.matches("type = \"string\"").count(), 3);
}

#[test]
fn lines_before_the_header_are_skipped() {
    let rows = lines(25, |n| format!("{n},item {n},{n}.5\n"));
    let text = format!("Sales report\nGenerated 2026-01-01\n\nid,item,price\n{rows}");
    let (finding, first) = first_of_all_typed(&text);
    assert_eq!(finding.schema.file().skip, 3);
    assert_eq!(first, json!({"id": 0, "item": "item 0", "price": 0.5}));
}

#[test]
fn rows_that_are_not_of_the_table_are_named_with_their_lines() {
    let rows = lines(100, |n| match n {
        10 => "10,too,many,cells\n".to_owned(),
        20 => "20\n".to_owned(),
        30 => "x,30.5\n".to_owned(),
        40 => "40,\"a\"b\n".to_owned(),
        _ => format!("{n},{n}.5\n"),
    });
    let finding = found(format!("n,price\n{rows}").as_bytes());
    let refused: Vec<(u64, &str)> = finding.refused.iter().map(|row| (row.line, &*row.reason)).collect();
    assert_eq!(
        refused,
        [
            (12, "the row has 4 fields, expected 2"),
            (22, "the row has 1 fields, expected 2"),
            (32, "field `n`: expected an integer in decimal digits"),
            (42, "a quoted value must end with a quote before the next delimiter"),
        ]
    );
    assert_eq!(finding.typed, 96);
    assert!(finding.toml.contains("# not: line 32 `x`"), "{}", finding.toml);
}

#[test]
fn enums_ranges_languages_and_texts_are_told() {
    let words = ["good", "bad", "fair"];
    let rows = lines(300, |n| {
        format!("{n},{},en,I really like the colour of number {n} very much,{}\n", words[n % 3], n % 90)
    });
    let (finding, _) = first_of_all_typed(&format!("id,rating,lang,comment,age\n{rows}"));
    for part in [
        "values = [\"bad\", \"fair\", \"good\"]",
        "language = \"lang\"",
        "text = \"comment\"",
        "# 0 to 89 in the sample",
    ] {
        assert!(finding.toml.contains(part), "{part}: {}", finding.toml);
    }
}

#[test]
fn apostrophes_and_pipes_and_tabs_are_seen_as_what_they_are() {
    let quoted = lines(20, |n| format!("'a, {n}','it''s',{n}\n"));
    let (finding, first) = first_of_all_typed(&format!("one,two,three\n{quoted}"));
    assert_eq!(finding.schema.file().quote, Some(b'\''));
    assert_eq!(first, json!({"one": "a, 0", "two": "it's", "three": 0}));
    let piped = lines(20, |n| format!("{n}|5\" pipe, {n}|\"open\n"));
    let (finding, first) = first_of_all_typed(&format!("n|what|how\n{piped}"));
    assert_eq!((finding.schema.file().delimiter, finding.schema.file().quote), (b'|', None));
    assert_eq!(first, json!({"n": 0, "what": "5\" pipe, 0", "how": "\"open"}));
}
