//! The report of a run as a person reads it.

use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use local::{DataSetReport, MAX_NAMED, Report};

const COLUMNS: [&str; 12] = [
    "data set",
    "read",
    "put",
    "on stream",
    "enriched",
    "typed",
    "raw",
    "dropped",
    "failed",
    "quarantined",
    "given up",
    "objects",
];

/// One row a data set, then what the whole took and what is not as it should be.
pub(crate) fn report(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(COLUMNS);
    for data_set in &report.data_sets {
        table.add_row(row(data_set));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let pace = format!("{:.1} s, {:.0} records/s", report.seconds, report.records_per_s);
    let mut lines = vec![table.to_string(), pace];
    lines.extend(named("missing", report.missing_records, &report.missing));
    lines.extend(named("doubled", report.doubled_records, &report.doubled));
    lines.extend(report.problems.iter().map(|problem| format!("problem: {problem}")));
    if report.is_complete() {
        lines.push("every record is accounted for".to_owned());
    }
    lines.join("\n")
}

fn row(data_set: &DataSetReport) -> Vec<Cell> {
    let counts = [
        data_set.read,
        data_set.put,
        data_set.on_stream,
        data_set.enriched,
        data_set.typed,
        data_set.raw,
        data_set.dropped,
        data_set.failed,
        data_set.quarantined,
        data_set.given_up,
        data_set.objects,
    ];
    std::iter::once(Cell::new(&data_set.name)).chain(counts.iter().map(Cell::new)).collect()
}

/// The records one by one, and how many more there are.
fn named(what: &str, count: u64, records: &[String]) -> Vec<String> {
    let mut lines: Vec<_> = records.iter().map(|record| format!("{what}: {record}")).collect();
    if count > records.len() as u64 {
        lines.push(format!("{what}: {count} in all, the first {MAX_NAMED} are named"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_missing(missing: &[&str], missing_records: u64) -> Report {
        Report {
            data_sets: vec![DataSetReport {
                name: "crime".to_owned(),
                read: 7584,
                ..DataSetReport::default()
            }],
            seconds: 2.0,
            records_per_s: 3792.0,
            missing: missing.iter().map(|&name| name.to_owned()).collect(),
            missing_records,
            doubled: Vec::new(),
            doubled_records: 0,
            problems: Vec::new(),
        }
    }

    #[test]
    fn a_complete_run_says_so() {
        let text = report(&with_missing(&[], 0));
        assert!(text.contains("7584") && text.ends_with("every record is accounted for"), "{text}");
    }

    #[test]
    fn missing_records_are_named_and_counted() {
        let text = report(&with_missing(&["CrimeStream:shardId-000000000000:49:0"], 1001));
        assert!(text.contains("missing: CrimeStream:shardId-000000000000:49:0"), "{text}");
        assert!(text.contains("missing: 1001 in all"), "{text}");
        assert!(!text.contains("every record"), "{text}");
    }
}
