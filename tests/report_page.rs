//! The page that a run writes beside its data, in a real browser. A script in `tests/report_page` checks it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The exit code of the script if there is no browser or no package.
const NOT_INSTALLED: i32 = 77;
/// Text that would do harm if it were taken for markup.
const HOSTILE: &str =
    "<img src=x onerror=window.harmed=1></script><script>window.harmed=1</script><b class=harm>bold";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A run of your own files, with some rows that are refused and some that are hostile, and its messages.
fn run(folder: &Path) -> String {
    for name in ["orders.csv", "reviews.jsonl"] {
        fs::copy(root().join("examples").join(name), folder.join(name)).unwrap();
    }
    let rows = |bad: usize| -> String {
        let places = ["York", "Leeds", HOSTILE];
        let row = |n: usize| {
            let amount = if n < bad { format!("x {HOSTILE}") } else { format!("{}.5", n * 7 % 90) };
            let (place, day, note) = (places[n % 3], 1 + n % 28, HOSTILE);
            format!("{n},\"{place}\",{amount},2026-03-{day:02}T0{}:00:00Z,\"{note} {n}\"\n", n % 10)
        };
        (0..90).map(row).collect()
    };
    let header = "id,place,amount,at,note\n";
    fs::write(folder.join("sales.csv"), format!("{header}{}", rows(0))).unwrap();
    let kinflow = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
        command.current_dir(root()).args(["run", "--kinesis-port", "0", "--s3-port", "0", "--data-dir"]);
        command.arg(folder.join("data")).args(more.iter().map(|file| folder.join(file))).output().unwrap()
    };
    assert!(kinflow(&["sales.csv"]).status.success());
    // The schema is inferred from the good rows, so the bad ones are refused.
    fs::write(folder.join("sales.csv"), format!("{header}{}", rows(7))).unwrap();
    let output = kinflow(&["orders.csv", "reviews.jsonl", "sales.csv"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_page_of_a_run_shows_what_its_records_are_like_at_two_widths_and_in_two_themes() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/report_page/look.mjs");
    match Command::new("node").arg(&script).arg("--installed").output() {
        Err(_) => {
            return test_support::skipped("no node on this machine, so the page of a run is not looked at");
        }
        Ok(output) if output.status.code() == Some(NOT_INSTALLED) => {
            return test_support::skipped(String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
    }
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path());
    let page = folder.path().join("data/report.html");
    assert!(said.contains(&format!("page: {}", page.display())), "{said}");
    let words = [
        "Throughput",
        "Sentiment",
        "Keywords",
        "Map",
        "Histogram",
        "Over time",
        "Refused",
        "not_float",
        "orders",
    ];
    let looked = Command::new("node").arg(&script).arg(&page).args(words).output().unwrap();
    let (told, errors) = (String::from_utf8_lossy(&looked.stdout), String::from_utf8_lossy(&looked.stderr));
    assert!(looked.status.success(), "{told}{errors}");
}
