//! Your own files through the whole pipeline by one command, and the schema that it infers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::runs::lines_below;

fn kinflow(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
    command.args(arguments).output().unwrap()
}

/// Runs files in a folder of their own. Returns the exit code, the report and the messages.
fn run(folder: &Path, files: &[&str]) -> (Option<i32>, Value, String) {
    let data_dir = folder.join("data").display().to_string();
    let mut arguments = vec!["run", "--output", "json", "--kinesis-port", "0", "--s3-port", "0"];
    arguments.extend(["--data-dir", &data_dir]);
    let paths: Vec<String> = files.iter().map(|file| folder.join(file).display().to_string()).collect();
    arguments.extend(paths.iter().map(String::as_str));
    let output = kinflow(&arguments);
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), report, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Orders as a German spreadsheet writes them, in twelve columns.
pub(super) fn orders(count: usize) -> String {
    let header =
        "Auftrags-Nr.;Bestellt am;Kunde;Straße;PLZ;Ort;Menge;Einzelpreis;Bezahlt;Breite;Länge;Bemerkung";
    let rows = (0..count).map(|n| {
        let paid = if n % 2 == 0 { "ja" } else { "nein" };
        format!(
            "A-{n:04};{:02}.12.2025 23:59;Müller & Söhne;Weg {n};{:05};Köln;{n};1.234,{:02};{paid};50,9{n:02};6,9{n:02};\
             \"Bitte; \"\"schnell\"\"\nliefern und vorher anrufen ({n})\"\r\n",
            1 + n % 28,
            1067 + n,
            n % 100
        )
    });
    [format!("{header}\r\n"), rows.collect()].concat()
}

pub(super) fn order(n: usize) -> Value {
    let coordinate = |whole: u32| serde_json::from_str::<Value>(&format!("{whole}.9{n:02}")).unwrap();
    json!({
        "auftrags_nr": format!("A-{n:04}"), "bestellt_am": format!("2025-12-{:02}T23:59:00Z", 1 + n % 28),
        "kunde": "Müller & Söhne", "strasse": format!("Weg {n}"), "plz": format!("{:05}", 1067 + n), "ort": "Köln",
        "menge": n, "einzelpreis": serde_json::from_str::<Value>(&format!("1234.{:02}", n % 100)).unwrap(),
        "bezahlt": n.is_multiple_of(2), "breite": coordinate(50), "laenge": coordinate(6),
        "bemerkung": format!("Bitte; \"schnell\"\nliefern und vorher anrufen ({n})"),
        "location": {"lat": coordinate(50), "lon": coordinate(6)},
    })
}

#[test]
fn a_stranger_s_table_is_typed_exactly_by_one_command_however_a_spreadsheet_saved_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = orders(60);
    fs::write(folder.path().join("bestellungen.csv"), format!("\u{FEFF}{text}")).unwrap();
    let tabs = text.replace(';', "\t");
    let utf16 = std::iter::once(0xFEFF).chain(tabs.encode_utf16()).flat_map(u16::to_le_bytes);
    fs::write(folder.path().join("aus_excel.txt"), utf16.collect::<Vec<u8>>()).unwrap();
    let (code, report, said) = run(folder.path(), &["bestellungen.csv", "aus_excel.txt"]);
    assert_eq!(code, Some(0), "{report} {said}");
    for name in ["bestellungen", "aus_excel"] {
        let mut typed = lines_below(&folder.path().join("data"), &format!("typed/{name}/"));
        typed.sort_by_key(|row| row["auftrags_nr"].as_str().map(str::to_owned));
        let separator = |row: Value| {
            // The cells of the other file are separated by tabs, and those of the first by semicolons.
            if name == "bestellungen" {
                row
            } else {
                serde_json::from_str(&row.to_string().replace("Bitte;", "Bitte\\t")).unwrap()
            }
        };
        assert_eq!(typed, (0..60).map(|n| separator(order(n))).collect::<Vec<_>>(), "{name}");
        let enriched = lines_below(&folder.path().join("data"), &format!("enriched/{name}/"));
        assert_eq!(enriched.len(), 60, "{name}");
    }
    assert!(said.contains("schemas/bestellungen.toml"), "{said}");
}

#[test]
fn the_cookbook_s_files_run_by_its_command() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("docs/cookbook.md")).unwrap();
    let line = "cargo kinflow run examples/orders.csv examples/reviews.jsonl --data-dir out";
    assert!(page.contains(line), "the page has another command than its test");
    let folder = tempfile::tempdir().unwrap();
    for name in ["orders.csv", "reviews.jsonl"] {
        fs::copy(root.join("examples").join(name), folder.path().join(name)).unwrap();
    }
    let (code, report, said) = run(folder.path(), &["orders.csv", "reviews.jsonl"]);
    assert_eq!(code, Some(0), "{report} {said}");
    let data = folder.path().join("data");
    for (kind, name, count) in [
        ("typed", "orders", 80),
        ("enriched", "orders", 80),
        ("typed", "reviews", 60),
        ("enriched", "reviews", 60),
    ] {
        assert_eq!(lines_below(&data, &format!("{kind}/{name}/")).len(), count, "{kind} {name}: {said}");
    }
}

#[test]
fn a_schema_that_is_kept_can_be_edited_and_what_it_refuses_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..40).map(|n| format!("{{\"n\":{n},\"ok\":true}}\n")).collect();
    fs::write(folder.path().join("events.jsonl.zst"), zstd::encode_all(rows.as_bytes(), 1).unwrap()).unwrap();
    let (code, report, said) = run(folder.path(), &["events.jsonl.zst"]);
    assert_eq!(code, Some(0), "{report} {said}");
    let schema = folder.path().join("data/schemas/events.toml");
    let toml = fs::read_to_string(&schema).unwrap();
    fs::write(&schema, toml.replace("type = \"integer\"", "type = \"integer\"\nmax = 29")).unwrap();
    fs::write(folder.path().join("events.jsonl"), rows.replace("true", "false")).unwrap();
    let (_, report, said) = run(folder.path(), &["events.jsonl"]);
    assert!(said.contains("is used unchanged"), "{said}");
    let typed = lines_below(&folder.path().join("data"), "typed/events/");
    assert_eq!(typed.len(), 40 + 30, "{report}");
}

#[test]
fn a_file_that_is_no_table_is_told_in_one_line_and_nothing_is_started() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("picture.csv"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    let (code, _, said) = run(folder.path(), &["picture.csv"]);
    assert_eq!(code, Some(2));
    assert!(
        said.trim().ends_with(
            "picture.csv looks like a PNG image, expected CSV, JSON lines or a JSON array of objects"
        ),
        "{said}"
    );
    assert_eq!(said.trim().lines().count(), 1, "{said}");
}

#[test]
fn a_schema_is_printed_for_a_file_and_the_command_reads_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.csv");
    fs::write(&file, orders(30)).unwrap();
    let output = kinflow(&["schema", "infer", &file.display().to_string(), "--zone", "Europe/Berlin"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let toml = String::from_utf8(output.stdout).unwrap();
    assert!(toml.contains("zone = \"Europe/Berlin\"") && toml.contains("delimiter = \";\""), "{toml}");
    let schema = folder.path().join("orders.toml");
    fs::write(&schema, toml).unwrap();
    let output = kinflow(&["schema", &schema.display().to_string(), "--as", "athena"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("`einzelpreis` double"));
}
