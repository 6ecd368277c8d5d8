//! How files are laid out: delimiters, quotes, encodings, headers, and what is around the rows.

use serde_json::json;

use super::{Table, check, number, rows, utf16};

#[test]
fn semicolons_and_decimal_commas() {
    let text = "Artikel;Menge;Einzelpreis;Summe\r\nStuhl;4;49,90;199,60\r\nTisch;1;1.249,00;1.249,00\r\nLampe;12;7,5;90\r\n";
    let names = ["artikel", "menge", "einzelpreis", "summe"];
    check(
        text,
        rows(
            &names,
            &[
                json!(["Stuhl", 4, 49.9, 199.6]),
                json!(["Tisch", 1, 1249.0, 1249.0]),
                json!(["Lampe", 12, 7.5, 90]),
            ],
        ),
    );
}

#[test]
fn tabs_in_both_forms_of_utf_16() {
    let text = "Nr\tKunde\tZeit\r\n1\tMüller\t31.12.2025 23:59\r\n2\tŁukasz\t1.1.2026 0:05\r\n3\t日本\t28.2.2026 12:00\r\n";
    let expected = rows(
        &["nr", "kunde", "zeit"],
        &[
            json!([1, "Müller", "2025-12-31T23:59:00Z"]),
            json!([2, "Łukasz", "2026-01-01T00:05:00Z"]),
            json!([3, "日本", "2026-02-28T12:00:00Z"]),
        ],
    );
    for file in [utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes)] {
        Table { file: &file, rows: expected.clone(), refused: &[] }.check();
    }
}

#[test]
fn pipes_around_texts_with_commas_and_single_quotes() {
    let text =
        "id|name|when\n1|a, b|2026-01-01 00:00\n2|it's; d|2026-01-02 12:30\n3|5\" nails|2026-01-03 23:59\n";
    check(
        text,
        rows(
            &["id", "name", "when"],
            &[
                json!([1, "a, b", "2026-01-01T00:00:00Z"]),
                json!([2, "it's; d", "2026-01-02T12:30:00Z"]),
                json!([3, "5\" nails", "2026-01-03T23:59:00Z"]),
            ],
        ),
    );
}

#[test]
fn quotes_around_line_ends_delimiters_and_quotes() {
    let text = "id,note,n\r\n1,\"first line\r\nsecond, \"\"quoted\"\"\",1\r\n2,\"\",2\r\n3,\"\n\n\",3\r\n4,plain,4\r\n";
    check(
        text,
        rows(
            &["id", "note", "n"],
            &[
                json!([1, "first line\r\nsecond, \"quoted\"", 1]),
                json!([2, null, 2]),
                // A cell of blanks alone has no value.
                json!([3, null, 3]),
                json!([4, "plain", 4]),
            ],
        ),
    );
}

#[test]
fn windows_1252() {
    let file = b"Stra\xDFe;Gr\xF6\xDFe;Preis\nH\xFCttenweg \x96 Ost;1,5;\x80 5\nM\xFChle;2,5;\x80 7\nCaf\xE9;3;\x80 9\n";
    let names = ["strasse", "groesse", "preis"];
    let expected =
        [json!(["Hüttenweg – Ost", 1.5, "€ 5"]), json!(["Mühle", 2.5, "€ 7"]), json!(["Café", 3, "€ 9"])];
    Table { file, rows: rows(&names, &expected), refused: &[] }.check();
}

#[test]
fn no_header() {
    let text = "1,2026-01-31,17.5,shop a\n2,2026-02-28,18.25,shop b\n3,2026-03-31,-1.0,shop c\n";
    let names = ["column_1", "column_2", "column_3", "column_4"];
    check(
        text,
        rows(
            &names,
            &[
                json!([1, "2026-01-31", 17.5, "shop a"]),
                json!([2, "2026-02-28", 18.25, "shop b"]),
                json!([3, "2026-03-31", -1.0, "shop c"]),
            ],
        ),
    );
}

#[test]
fn a_header_with_names_that_are_alike_or_absent() {
    let text = "id,value,value,VALUE,,\n1,2,3,4,5,x\n2,3,4,5,6,y\n3,4,5,6,7,z\n";
    let names = ["id", "value", "value_2", "value_3", "column_5", "column_6"];
    let expected = [json!([1, 2, 3, 4, 5, "x"]), json!([2, 3, 4, 5, 6, "y"]), json!([3, 4, 5, 6, 7, "z"])];
    check(text, rows(&names, &expected));
}

#[test]
fn blank_lines_between_rows_and_one_that_is_not_quite_blank() {
    let text = "\n\na,b\n\n1,x\n\n\n2,y\n   \n3,z\n\n";
    let rows = rows(&["a", "b"], &[json!([1, "x"]), json!([2, "y"]), json!([3, "z"])]);
    let refused = &[(9, "the row has 1 fields, expected 2")];
    Table { file: text.as_bytes(), rows, refused }.check();
}

#[test]
fn comments_before_the_header() {
    let text = "# export of 2026-01-01\n# station: 17\n# units: °C, %\ntime,temp,hum\n2026-01-01T00:00:00Z,1.5,80\n2026-01-01T01:00:00+01:00,1.25,81\n2026-01-01T02:00:00.5Z,-0.5,82\n";
    check(
        text,
        rows(
            &["time", "temp", "hum"],
            &[
                json!(["2026-01-01T00:00:00Z", 1.5, 80]),
                json!(["2026-01-01T00:00:00Z", 1.25, 81]),
                json!(["2026-01-01T02:00:00.5Z", -0.5, 82]),
            ],
        ),
    );
}

#[test]
fn the_line_by_which_a_spreadsheet_is_told_the_delimiter() {
    for end in ["\n", "\r\n"] {
        let text = ["sep=;", "a;b;c", "1;2,5;x, y", "2;3,5;z", "3;4,5;w"]
            .map(|line| format!("{line}{end}"))
            .concat();
        let expected = [json!([1, 2.5, "x, y"]), json!([2, 3.5, "z"]), json!([3, 4.5, "w"])];
        check(&text, rows(&["a", "b", "c"], &expected));
    }
    check("sep=|\nonly\n1\n2\n", rows(&["only"], &[json!([1]), json!([2])]));
}

#[test]
fn carriage_returns_alone() {
    check("a,b\r1,x\r2,y\r3,z\r", rows(&["a", "b"], &[json!([1, "x"]), json!([2, "y"]), json!([3, "z"])]));
}

#[test]
fn three_hundred_columns() {
    let names: Vec<String> = (0..300).map(|n| format!("measure_{n}")).collect();
    let line = |row: usize| (0..300).map(|n| format!("{row}.{n:03}5")).collect::<Vec<_>>().join(",");
    let text = format!("{}\n{}\n{}\n", names.join(","), line(1), line(2));
    let expected = |row: usize| (0..300).map(|n| number(&format!("{row}.{n:03}5"))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    check(&text, rows(&names, &[expected(1), expected(2)]));
}

#[test]
fn ragged_rows_are_named_and_their_neighbours_typed() {
    let text = "a,b,c\n1,x,2.5\n2,y\n3,z,4.5,extra\n4,w,1.5\n,,\n5,v,2.5\n6,\"u\"t,3.5\n7,s,0.5\n";
    let expected = [
        json!([1, "x", 2.5]),
        json!([4, "w", 1.5]),
        json!([null, null, null]),
        json!([5, "v", 2.5]),
        json!([6, "\"u\"t", 3.5]),
        json!([7, "s", 0.5]),
    ];
    let refused = &[(3, "the row has 2 fields, expected 3"), (4, "the row has 4 fields, expected 3")];
    Table { file: text.as_bytes(), rows: rows(&["a", "b", "c"], &expected), refused }.check();
}
