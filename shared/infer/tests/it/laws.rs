//! Laws of inference: every row is typed or reported, and what was written into a table comes out of it.

use infer::{Sample, infer};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{documents, found, options, try_found, utf16};

/// How a made-up table is written.
#[derive(Debug, Clone)]
struct Form {
    delimiter: char,
    line_end: &'static str,
    has_comma: bool,
    mark: bool,
    is_utf16: bool,
    quotes_all: bool,
    date: usize,
}

fn forms() -> impl Strategy<Value = Form> {
    let delimiter = prop::sample::select(vec![',', ';', '\t', '|']);
    let line_end = prop::sample::select(vec!["\n", "\r\n"]);
    (delimiter, line_end, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 0..4_usize).prop_map(
        |(delimiter, line_end, has_comma, mark, is_utf16, quotes_all, date)| Form {
            delimiter,
            line_end,
            has_comma,
            mark,
            is_utf16,
            quotes_all,
            date,
        },
    )
}

/// A row: a number, a text, a day of May, June or July 2026 with its hour, and a word.
type Row = (i32, i64, String, (u32, u32, u32), bool);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        -9_999..9_999_i32,
        -1_000_000..1_000_000_i64,
        "[a-zäé]{2,8} [a-z,;|\t\"'\n]{0,6}[a-z]{1,4}",
        (5..8_u32, 13..29_u32, 0..24_u32),
        any::<bool>(),
    );
    prop::collection::vec(row, 12..40)
}

impl Form {
    fn cell(&self, text: &str) -> String {
        let breaks = text.contains(['"', '\n', '\r', self.delimiter, '\'']);
        if self.quotes_all || breaks { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
    }

    fn date(&self, (month, day, hour): (u32, u32, u32)) -> String {
        match self.date {
            0 => format!("{day}.{month}.2026 {hour}:05"),
            1 => format!("2026-{month:02}-{day:02}T{hour:02}:05:00Z"),
            2 => format!(
                "{month}/{day}/2026 {}:05 {}",
                (hour + 11) % 12 + 1,
                if hour < 12 { "AM" } else { "PM" }
            ),
            _ => format!("{day:02}/{month:02}/26 {hour:02}:05:00"),
        }
    }

    fn table(&self, rows: &[Row]) -> String {
        let mut table = if self.mark && !self.is_utf16 { String::from("\u{FEFF}") } else { String::new() };
        let mut line = |cells: Vec<String>| {
            let cells: Vec<String> = cells.iter().map(|cell| self.cell(cell)).collect();
            table += &(cells.join(&self.delimiter.to_string()) + self.line_end);
        };
        line(["Nummer", "Betrag", "Bemerkung", "Zeitpunkt", "Gültig"].map(str::to_owned).to_vec());
        for (number, cents, text, at, valid) in rows {
            let sign = if *cents < 0 { "-" } else { "" };
            let (whole, rest) = (cents.abs() / 100, cents.abs() % 100);
            let amount = format!("{sign}{whole}{}{rest:02}", if self.has_comma { ',' } else { '.' });
            let valid = if *valid { "ja" } else { "nein" };
            line(vec![number.to_string(), amount, text.clone(), self.date(*at), valid.to_owned()]);
        }
        table
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_into_a_table_comes_out_of_it(form in forms(), rows in rows()) {
        let text = form.table(&rows);
        let finding = if form.is_utf16 { found(&utf16(&text)) } else { found(text.as_bytes()) };
        prop_assert_eq!(&finding.refused, &vec![], "{}\n{}", finding.toml, text);
        let documents = documents(&finding, &text);
        prop_assert_eq!(documents.len(), rows.len());
        for (document, (number, cents, text, (month, day, hour), valid)) in documents.iter().zip(&rows) {
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let amount = *cents as f64 / 100.0;
            prop_assert_eq!(document["betrag"].as_f64(), Some(amount), "{}", finding.toml);
            let rest = json!([document["nummer"], document["bemerkung"], document["zeitpunkt"], document["gueltig"]]);
            let at = format!("2026-{month:02}-{day:02}T{hour:02}:05:00Z");
            prop_assert_eq!(rest, json!([number, text, at, valid]), "{}", finding.toml);
        }
    }

    #[test]
    fn every_row_types_or_is_named_whatever_the_file(
        cells in prop::collection::vec(
            prop::collection::vec("|-|NULL|[0-9]{1,12}|0[0-9]{3}|[0-9]{1,3}[.,][0-9]{3}|[0-3]?[0-9]/[01]?[0-9]/20[0-9]{2}|[ja]{1,2}|\\PC{0,8}|\"[a-z]", 1..5),
            1..30,
        ),
        delimiter in prop::sample::select(vec![",", ";", "\t"]),
        is_whole: bool,
    ) {
        let text = cells.iter().map(|row| row.join(delimiter) + "\n").collect::<String>();
        let Ok(finding) = infer(Sample { bytes: text.as_bytes(), is_whole }, &options()) else { return Ok(()) };
        prop_assert_eq!(finding.typed + finding.refused.len() as u64, finding.rows);
        prop_assert!(finding.refused.iter().all(|row| !row.reason.is_empty() && row.line > 0));
        prop_assert!(finding.refused.is_sorted_by_key(|row| row.line));
        // The schema alone, read again, types as many.
        let again = record_model::Schema::parse(&finding.toml);
        prop_assert!(again.is_ok(), "{:?}\n{}", again.err(), finding.toml);
    }

    #[test]
    fn every_object_types_or_is_named_whatever_its_members(
        members in prop::collection::vec(prop::collection::vec(("[ab.\" é]{1,3}", 0..8_usize), 0..4), 1..20),
        as_array: bool,
    ) {
        let value = |kind: usize| [
            json!(null), json!(true), json!(7), json!(7.5), json!("x y"), json!([1]), json!({"a": 1}), json!({"b.c": {"d": "x"}}),
        ][kind].clone();
        let objects: Vec<Value> = members.iter().map(|members| {
            Value::Object(members.iter().map(|(name, kind)| (name.clone(), value(*kind))).collect())
        }).collect();
        let text = if as_array { serde_json::to_string_pretty(&objects).unwrap() } else {
            objects.iter().map(|object| format!("{object}\n")).collect()
        };
        let Ok(finding) = try_found(text.as_bytes()) else { return Ok(()) };
        prop_assert_eq!(finding.rows, objects.len() as u64);
        prop_assert_eq!(finding.typed + finding.refused.len() as u64, finding.rows);
        prop_assert_eq!(documents(&finding, &text).len() as u64, finding.typed, "{}", finding.toml);
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200), is_whole: bool) {
        let _ = infer(Sample { bytes: &bytes, is_whole }, &options());
    }
}
