//! `report.html`: a page that shows a run, beside its data. It needs no server and no network. The content of a record
//! never becomes HTML: it is JSON in the page, and the page's script inserts it as text.

mod columns;
mod enriched;
mod refused;
mod sample;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::Timestamp;
use local::{DataSetReport, Report, Timeline};
use serde::Serialize;

use crate::table;
use columns::Columns;
use enriched::Enriched;
use refused::Refused;
use sample::Sample;

/// The page's name in the data folder.
const NAME: &str = "report.html";
const HTML: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(include_str!("charts.js"), include_str!("page.js"));

/// The data that the page's script gets.
#[derive(Serialize)]
struct Page<'r> {
    began_at: String,
    is_complete: bool,
    #[serde(flatten)]
    report: &'r Report,
    timeline: &'r Timeline,
    looks: Vec<String>,
    pictures: Vec<Picture>,
}

/// Charts of a data set's records, from a sample of what was delivered.
#[derive(Serialize)]
struct Picture {
    name: String,
    /// The number of records that were read, and the number of those that are in the sample.
    seen: u64,
    sampled: usize,
    #[serde(flatten)]
    columns: Columns,
    #[serde(flatten)]
    enriched: Enriched,
    refused: Refused,
}

/// Writes the page of a run into its data folder, atomically, and returns its path.
pub(crate) fn write(report: &Report, data_dir: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let path = data_dir.join(NAME);
    let part = data_dir.join("report.html.part");
    let written = fs::write(&part, text(report)?).and_then(|()| fs::rename(&part, &path));
    written.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Shows a page in the browser of this desktop.
pub(crate) fn open(path: &Path) -> Result<(), Box<dyn Error>> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().map_err(|error| format!("{program} can't be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} failed: {status}").into()) }
}

fn text(report: &Report) -> Result<String, Box<dyn Error>> {
    let began_at = Timestamp::from_millisecond(report.began_at_ms).unwrap_or_default();
    let page = Page {
        began_at: began_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        is_complete: report.is_complete(),
        report,
        timeline: &report.timeline,
        looks: table::looks(report),
        pictures: report.data_sets.iter().map(|set| picture(set, report.began_at_ms)).collect(),
    };
    let json = in_html(&serde_json::to_string(&page)?);
    Ok(HTML.replace("/* page.css */", STYLE).replace("/* page.js */", SCRIPT).replace("{{run}}", &json))
}

/// Escapes JSON so that nothing in it can be taken for markup in HTML.
fn in_html(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

fn picture(set: &DataSetReport, since_ms: i64) -> Picture {
    let folder = |kind: &str| {
        let is_it = |folder: &&PathBuf| folder.parent().is_some_and(|parent| parent.ends_with(kind));
        set.folders.iter().find(is_it).map(PathBuf::as_path)
    };
    let lines = |kind| folder(kind).map_or_else(Sample::default, |folder| Sample::of(folder, since_ms));
    let (typed, enriched) = (lines("typed"), lines("enriched"));
    let typed = if typed.records.is_empty() { enriched.members("record") } else { typed };
    let apart = ["quarantine", "failed"].into_iter().filter_map(folder);
    Picture {
        name: set.name.clone(),
        seen: typed.seen.max(enriched.seen),
        sampled: typed.records.len(),
        columns: Columns::of(&typed.records),
        enriched: Enriched::of(&enriched.records),
        refused: Refused::of(apart, since_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_record_is_markup_and_the_page_asks_nobody_for_anything() {
        let folder = tempfile::tempdir().unwrap();
        let typed = folder.path().join("s3/b/typed/x");
        fs::create_dir_all(&typed).unwrap();
        let hostile = "</script><script>alert(1)</script><!-- \u{2028}&amp;";
        let row =
            serde_json::json!({ hostile: 1.5, "word": hostile, "at": "2026-01-02T03:04:05Z" }).to_string();
        fs::write(typed.join("o.ndjson"), format!("{row}\n").repeat(8)).unwrap();
        let set =
            DataSetReport { name: "x".to_owned(), read: 1, folders: vec![typed], ..DataSetReport::default() };
        let problems = vec![hostile.to_owned()];
        let report = Report { data_sets: vec![set], problems, ..Report::default() };
        let path = write(&report, folder.path()).unwrap();
        let page = fs::read_to_string(path).unwrap();
        assert!(!page.contains("alert(1)<") && !page.contains("<!-- \u{2028}"), "{page}");
        assert_eq!(page.matches("</script>").count(), 2);
        for outside in ["http:", "src=", "href=", "@import", "url("] {
            let page = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!page.contains(outside), "{outside}");
        }
        let (_, json) = page.split_once("type=\"application/json\">").unwrap();
        let (json, _) = json.split_once("</script>").unwrap();
        let run: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(run["problems"][0], hostile);
        assert_eq!(run["pictures"][0]["numbers"][0]["name"], hostile);
        assert_eq!(run["pictures"][0]["sampled"], 8);
    }
}
