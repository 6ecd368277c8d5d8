//! The report of a run in the form that people read, in 80 columns.

use std::path::Path;

use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use local::{DataSetReport, MAX_NAMED, Report};

/// The width of the narrowest terminals in use.
const COLUMNS: usize = 80;

/// What each word of the report means, for `--help`.
pub(crate) const LEGEND: &str = "\
The report counts records unless it says otherwise. Columns with only zeros are omitted:
  read         read by the producers from the source
  put          put by the producers on the stream
  on stream    taken by the stream, whoever put them
  enriched     written by the consumer as lines
  typed        written by a delivery stream after its transform
  raw          written unchanged by a delivery stream
  indexed      taken by an index of OpenSearch
  dropped      left out by a transform, as its schema says
  failed       written by a delivery stream to its error prefix, with the reason
  quarantined  put aside by a function, with payload and reason
  given up     kept in the on-failure destination after all retries failed
  objects      number of objects written
A problem is something that was lost, doubled, refused as a whole, or not delivered.

While it goes on, a terminal shows a line for each data set. Columns that never had anything to say are omitted:
  progress     how much of its inputs' bytes is read; after that, how many of its records are done
  taken/s      records a second that its slowest taker finished, over the last two seconds
  put          records that its stream took
  waiting      records on its stream that the slowest taker has not finished
  lag          for how long the oldest of them has waited
  next tick    the time until its schedule fires again
TERM=dumb or a pipe gets plain lines instead, and NO_COLOR turns colours off.

Exit codes: 0, every record is accounted for; 1, there is a problem; 2, the run could not start or continue.";

/// What became of the records, where the files and the page of the run are, and what is not as it should be.
pub(crate) fn report(report: &Report, data_dir: &Path, page: Option<&Path>) -> String {
    let mut lines = vec![counts(&report.data_sets)];
    lines.push(format!("{:.1} s, {:.0} records/s", report.seconds, report.records_per_s));
    lines.extend(files(report, data_dir));
    lines.extend(page.map(|page| format!("page: {} (--open shows it)", page.display())));
    lines.extend(named("missing", report.missing_records, &report.missing));
    lines.extend(named("doubled", report.doubled_records, &report.doubled));
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(report.problems.iter().map(|problem| format!("problem: {problem}")));
    if report.is_complete() {
        lines.push("every record is accounted for".to_owned());
    }
    lines.join("\n")
}

/// A name in the report, and its count.
type Column = (&'static str, fn(&DataSetReport) -> u64);

const COUNTS: [Column; 12] = [
    ("read", |set| set.read),
    ("put", |set| set.put),
    ("on stream", |set| set.on_stream),
    ("enriched", |set| set.enriched),
    ("typed", |set| set.typed),
    ("raw", |set| set.raw),
    ("indexed", |set| set.indexed),
    ("dropped", |set| set.dropped),
    ("failed", |set| set.failed),
    ("quarantined", |set| set.quarantined),
    ("given up", |set| set.given_up),
    ("objects", |set| set.objects),
];

/// One row for each data set; if that is too wide for a terminal, one column for each.
fn counts(data_sets: &[DataSetReport]) -> String {
    if data_sets.is_empty() {
        return "no records: nothing was read or put".to_owned();
    }
    let seen: Vec<Column> =
        COUNTS.into_iter().filter(|(_, count)| data_sets.iter().any(|set| count(set) > 0)).collect();
    let mut rows = vec![heading("data set", seen.iter().map(|(name, _)| (*name).to_owned()))];
    rows.extend(
        data_sets.iter().map(|set| heading(&set.name, seen.iter().map(|(_, count)| count(set).to_string()))),
    );
    let table = table(&rows);
    if table.lines().all(|line| line.chars().count() <= COLUMNS) {
        table
    } else {
        self::table(&transposed(&rows))
    }
}

fn heading(name: &str, cells: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
}

fn transposed(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let width = rows.first().map_or(0, Vec::len);
    (0..width).map(|at| rows.iter().filter_map(|row| row.get(at).cloned()).collect()).collect()
}

fn table(rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let mut rows = rows.iter().map(|row| row.iter().map(Cell::new).collect::<Vec<_>>());
    if let Some(header) = rows.next() {
        table.set_header(header);
    }
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// SQL that shows the first rows of each folder of documents, for `DuckDB`.
pub(crate) fn looks(report: &Report) -> Vec<String> {
    let is_table = |folder: &&std::path::PathBuf| {
        ["enriched", "typed"].iter().any(|kind| folder.parent().is_some_and(|parent| parent.ends_with(kind)))
    };
    let folders = report.data_sets.iter().flat_map(|set| &set.folders).filter(is_table);
    let looks = folders.map(|folder| {
        // A quote in a text of SQL is written twice.
        let folder = folder.display().to_string().replace('\'', "''");
        format!("FROM read_json('{folder}/**', format = 'newline_delimited', union_by_name = true) LIMIT 10;")
    });
    looks.collect()
}

/// A text between double quotes of a shell, which would take these characters for its own.
fn in_quotes(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// Where the objects are, and how `DuckDB` looks at them.
fn files(report: &Report, data_dir: &Path) -> Vec<String> {
    let folders = report.data_sets.iter().flat_map(|set| &set.folders);
    let mut lines: Vec<String> = folders.map(|folder| format!("files: {}", folder.display())).collect();
    lines.extend(looks(report).iter().map(|look| format!("look: duckdb -c \"{}\"", in_quotes(look))));
    if !report.problems.is_empty() {
        lines.push(format!("logs: {}", data_dir.join("logs").display()));
    }
    lines
}

/// The first records, and how many more there are.
fn named(what: &str, count: u64, records: &[String]) -> Vec<String> {
    let mut lines: Vec<_> = records.iter().map(|record| format!("{what}: {record}")).collect();
    if count > records.len() as u64 {
        lines.push(format!("{what}: {count} in all, of which the first {MAX_NAMED} are listed"));
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
            ..Report::default()
        }
    }

    fn text(shown: &Report) -> String {
        report(shown, Path::new("out"), None)
    }

    #[test]
    fn a_complete_run_says_so() {
        let text = text(&with_missing(&[], 0));
        assert!(text.contains("7584") && text.ends_with("every record is accounted for"), "{text}");
    }

    #[test]
    fn missing_records_are_named_and_counted() {
        let text = text(&with_missing(&["CrimeStream:shardId-000000000000:49:0"], 1001));
        assert!(text.contains("missing: CrimeStream:shardId-000000000000:49:0"), "{text}");
        assert!(text.contains("missing: 1001 in all"), "{text}");
        assert!(!text.contains("every record"), "{text}");
    }

    #[test]
    fn every_folder_of_documents_is_looked_at_and_a_run_without_records_says_so() {
        let folders =
            ["typed/a", "enriched/a", "failed/a", "typed/it's"].map(|name| Path::new("s3/b").join(name));
        let set =
            DataSetReport { name: "a".to_owned(), folders: folders.to_vec(), ..DataSetReport::default() };
        let text = text(&Report { data_sets: vec![set], ..Report::default() });
        for folder in ["typed/a", "enriched/a", "typed/it''s"] {
            assert!(text.contains(&format!("FROM read_json('s3/b/{folder}/**'")), "{text}");
        }
        assert!(!text.contains("read_json('s3/b/failed"), "{text}");
        let empty = super::report(&Report::default(), Path::new("out"), Some(Path::new("out/report.html")));
        assert!(empty.starts_with("no records: nothing was read or put\n"), "{empty}");
        assert!(empty.contains("page: out/report.html"), "{empty}");
    }

    #[test]
    fn a_shell_takes_what_is_to_be_pasted_as_it_is() {
        let text = "it's $HOME \"q\" `id` \\ end";
        let printed = std::process::Command::new("sh")
            .args(["-c", &format!("printf %s \"{}\"", in_quotes(text))])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), text);
    }

    #[test]
    fn counts_that_are_zero_everywhere_are_left_out() {
        let text = text(&with_missing(&[], 0));
        assert!(text.contains("read") && !text.contains("quarantined"), "{text}");
    }

    #[test]
    fn the_table_fits_eighty_columns_whatever_was_counted() {
        let every = u64::from(u32::MAX);
        let set = |name: &str| DataSetReport {
            name: name.to_owned(),
            read: every,
            put: every,
            on_stream: every,
            enriched: every,
            typed: every,
            raw: every,
            indexed: every,
            dropped: every,
            failed: every,
            quarantined: every,
            given_up: every,
            objects: every,
            ..DataSetReport::default()
        };
        let text = counts(&[set("crime"), set("tweets"), set("users")]);
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
    }
}
