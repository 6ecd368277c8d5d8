//! Delivers documents to a real OpenSearch. The index template types them, `_bulk` delivers them as Firehose does, the
//! server's reasons come back with refused ones, and none is lost if the server dies in between.
//!
//! `tests/opensearch/start.sh` starts the server. `OPENSEARCH_URL` names another one, whose index `crime` the tests
//! create
//! and delete.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets what it did not expect has to fail"
)]

mod dashboards;
mod rows;
mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::MutexGuard;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{data, skipped};

use self::rows::{Row, rows};
use self::server::{Breaker, Server};
use crate::runs::lines_below;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn kinflow() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Puts the index template of crimes to the server.
fn apply(url: &str) -> Output {
    kinflow().args(["schema", "crime", "--as", "opensearch", "--apply", url]).output().unwrap()
}

/// Runs a file of crimes through the pipeline into the server's index. Returns the folder and the report of crimes.
fn run(file: &Path, url: &str) -> (TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = kinflow();
    command.args(["run", "--drain", "--output", "json", "--kinesis-port", "0", "--s3-port", "0"]);
    command.arg("--data-dir").arg(folder.path());
    let output = command
        .args(["--opensearch", url, "--input", &format!("crime={}", file.display())])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of_crime = report["data_sets"].as_array().unwrap().iter().find(|set| set["name"] == "crime");
    (folder, json!({"crime": of_crime.unwrap(), "notes": report["notes"], "said": said}))
}

/// Prepares the server with the index template of crimes and without an index. One test at a time has it.
fn empty() -> Option<MutexGuard<'static, Server>> {
    let server = server::get()?;
    server.delete("crime");
    let applied = apply(server.url());
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    Some(server)
}

/// Queries by date, number and place, and compares each answer with the rows themselves.
fn check_queries(server: &Server, rows: &[Row]) {
    assert_eq!(server.count(&json!({"match_all": {}})), rows.len());
    let time = |from: &str, to: &str| json!({"range": {"crime_time": {"gte": from, "lt": to}}});
    let (from, to) = rows::middle_days(rows);
    let within = rows.iter().filter(|row| row.day >= from && row.day < to).count();
    assert!(within > 0 && within < rows.len());
    let (from, to) = (rows::written(from), rows::written(to));
    assert_eq!(server.count(&time(&from, &to)), within, "from {from} to {to}");
    for district in 1..=6 {
        let expected = rows.iter().filter(|row| row.district == district).count();
        assert_eq!(server.count(&json!({"term": {"district": district}})), expected, "district {district}");
    }
    let above = rows.iter().filter(|row| row.grid > 999).count();
    assert_eq!(server.count(&json!({"range": {"grid": {"gt": 999}}})), above);
    let (top, left, bottom, right) = (38.6, -121.5, 38.5, -121.4);
    let is_within = |row: &&Row| {
        row.latitude <= top && row.latitude >= bottom && row.longitude >= left && row.longitude <= right
    };
    let inside = rows.iter().filter(is_within).count();
    assert!(inside > 0 && inside < rows.len());
    let corners =
        json!({"top_left": {"lat": top, "lon": left}, "bottom_right": {"lat": bottom, "lon": right}});
    assert_eq!(server.count(&json!({"geo_bounding_box": {"location": corners}})), inside);
    let centre = json!({"distance": "3km", "location": {"lat": 38.5816, "lon": -121.4944}});
    let near = rows.iter().filter(|row| rows::metres(row, 38.5816, -121.4944) <= 3_000.0).count();
    assert_eq!(server.count(&json!({"geo_distance": centre})), near);
}

/// Checks that every row of a file is in the index, and that queries on it are right.
fn check_file(server: &Server, file: &Path) {
    let rows = rows(&fs::read_to_string(file).unwrap());
    let (folder, report) = run(file, server.url());
    assert_eq!(report["crime"]["indexed"], rows.len(), "{report}");
    let typed = lines_below(folder.path(), "typed/crime/");
    assert_eq!(typed.len(), rows.len(), "the delivery to S3 beside it");
    server.refresh("crime");
    check_queries(server, &rows);
    check_dashboards(server, rows.len());
}

/// Checks that the numbers in the dashboards add up to all crimes.
fn check_dashboards(server: &Server, crimes: usize) {
    let objects = dashboards::objects();
    for visualization in objects.iter().filter(|object| object["type"] == "visualization") {
        let Some(answer) = server.search(&dashboards::request(visualization)) else { continue };
        let buckets = answer["aggregations"]["buckets"]["buckets"].as_array().unwrap();
        let counted: u64 = buckets.iter().map(|bucket| bucket["doc_count"].as_u64().unwrap()).sum();
        assert_eq!(usize::try_from(counted).unwrap(), crimes, "{visualization}");
    }
}

#[test]
fn made_up_crimes_are_found_by_date_number_and_place() {
    let Some(server) = empty() else { return };
    check_file(&server, &root().join("examples/crime.csv"));
}

#[test]
fn real_crimes_are_found_by_date_number_and_place() {
    let Some(file) = data("crime/crime.csv") else { return };
    let Some(server) = empty() else { return };
    check_file(&server, &file);
}

#[test]
fn an_index_that_was_made_too_early_is_named_and_what_it_refuses_is_kept_with_its_reason() {
    let Some(server) = empty() else { return };
    let types = json!({"mappings": {"properties": {"grid": {"type": "short"}}}});
    server.put("crime", &types);
    let applied = apply(server.url());
    let said = String::from_utf8_lossy(&applied.stderr);
    assert_eq!(applied.status.code(), Some(2), "{said}");
    assert!(said.contains(r#"grid is {"type":"short"}, expected {"type":"long"}"#), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let examples = fs::read_to_string(root().join("examples/crime.csv")).unwrap();
    let odd = ["40000", "70001", "32768"]
        .map(|grid| format!("1/5/26 1:00,1 ODD ST,3,3C,{grid},ODD,7000,38.5,-121.4\n"));
    let file = folder.path().join("odd.csv");
    fs::write(&file, [examples.trim_end(), "\n", &odd.concat()].concat()).unwrap();
    let (data_dir, report) = run(&file, server.url());
    assert_eq!(report["crime"]["indexed"], rows(&examples).len(), "{report}");
    assert_eq!(report["crime"]["failed"], 3, "{report}");
    assert!(report["notes"].to_string().contains("3 x OpenSearch.Refused: 400 "), "{report}");
    assert!(!report.to_string().contains("ODD ST") && !report.to_string().contains("40000"), "{report}");

    let kept = lines_below(data_dir.path(), "failed/crime/AmazonOpenSearchService-failed/");
    assert_eq!(kept.len(), 3, "{kept:?}");
    for line in &kept {
        assert_eq!((line["errorCode"].as_str(), line["esIndexName"].as_str()), (Some("400"), Some("crime")));
        assert_eq!(line["attemptsMade"], 1);
        let reason: Value = serde_json::from_str(line["errorMessage"].as_str().unwrap()).unwrap();
        assert_eq!(reason["type"], "mapper_parsing_exception");
        assert!(reason.to_string().contains("out of range"), "{reason}");
        let document = STANDARD.decode(line["rawData"].as_str().unwrap()).unwrap();
        let document: Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(document["address"], "1 ODD ST");
    }
    server.refresh("crime");
    check_queries(&server, &rows(&examples));
}

#[test]
fn a_server_that_dies_with_documents_in_its_hands_and_comes_back_has_each_of_them_once() {
    let Some(mut server) = empty() else { return };
    if !server.is_ours() {
        return skipped("the server at OPENSEARCH_URL is not one that a test may kill");
    }
    let breaker = Breaker::before(&server);
    let url = breaker.url();
    let file = root().join("examples/crime.csv");
    let (_folder, report) = std::thread::scope(|scope| {
        let run = scope.spawn(|| run(&file, &url));
        // The first bulk request is indexed, but its answer is lost with the server.
        breaker.wait_for_the_first_bulk();
        server.kill_and_start_again();
        breaker.mend();
        run.join().unwrap()
    });
    let rows = rows(&fs::read_to_string(&file).unwrap());
    assert_eq!(report["crime"]["indexed"], rows.len(), "{report}");
    assert_eq!(report["crime"]["failed"], 0, "{report}");
    let said = report["said"].as_str().unwrap();
    assert!(said.contains("documents are not indexed yet, and are tried again"), "{said}");
    server.refresh("crime");
    check_queries(&server, &rows);
}

#[test]
fn what_can_not_be_applied_is_one_line() {
    let output = kinflow()
        .args(["schema", "crime", "--as", "athena", "--apply", "http://127.0.0.1:9"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("goes with --as opensearch"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = apply(&format!("http://user:secret@{free}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("does not answer") && !said.contains("secret"), "{said}");
}
