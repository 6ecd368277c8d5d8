//! Writes safe corrections into templates: lines before a key of a block.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use super::finding::Finding;

/// The line and the column of a key, and the lines to be written before it.
type Lines<'f> = (usize, usize, &'f [&'static str]);

/// Writes the lines of every finding that has some, and returns the number of findings that were corrected. If `check`
/// fails afterwards, every file is restored.
pub(super) fn mend(
    findings: &[Finding],
    check: impl Fn() -> Result<(), Box<dyn Error>>,
) -> Result<usize, Box<dyn Error>> {
    let mut files: BTreeMap<&Path, Vec<Lines<'_>>> = BTreeMap::new();
    for finding in findings {
        if let Some((position, mend)) = &finding.mend {
            let lines = (position.line, position.column, mend.lines.as_slice());
            files.entry(&finding.file).or_default().push(lines);
        }
    }
    let (mut mended, mut before) = (0, Vec::<(PathBuf, String)>::new());
    for (file, mut lines) in files {
        // The last place comes first, so that no line moves before it is used.
        lines.sort_unstable();
        lines.dedup();
        let text = fs::read_to_string(file)?;
        let (new, count) = with_lines(&text, &lines);
        if count > 0 {
            write(file, &new)?;
            before.push((file.to_owned(), text));
            mended += count;
        }
    }
    if mended > 0
        && let Err(error) = check()
    {
        before.iter().try_for_each(|(file, text)| write(file, text))?;
        return Err(format!("the mended template can't be read, so it is as it was: {error}").into());
    }
    Ok(mended)
}

/// Inserts lines before those at these places. Returns the text, and the number of places that were in a block.
fn with_lines(text: &str, places: &[Lines<'_>]) -> (String, usize) {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(ToOwned::to_owned).collect();
    let mut count = 0;
    for (line, column, added) in places.iter().rev() {
        let at = line.saturating_sub(1);
        let indent = " ".repeat(column.saturating_sub(1));
        // In braces or after a dash, a line of its own would mean something else.
        if !lines.get(at).is_some_and(|line| {
            line.strip_prefix(&indent).is_some_and(|key| !key.starts_with([' ', '-', '{']))
        }) {
            continue;
        }
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let added = added.iter().map(|added| format!("{indent}{added}{end}"));
        lines.splice(at..at, added);
        count += 1;
    }
    (lines.concat(), count)
}

/// Replaces the file atomically.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let beside = file.with_extension(format!("kinflow-{}", std::process::id()));
    fs::write(&beside, text)?;
    fs::set_permissions(&beside, fs::metadata(file)?.permissions())?;
    fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_before_their_keys_in_a_block_and_nowhere_else() {
        let text = "a:\r\n  b: 1\r\n  c: { d: 1 }\r\n  - e: 1\r\n";
        let places: [(usize, usize, &[&str]); 4] =
            [(2, 3, &["x: 1", "y: 2"]), (3, 8, &["z: 1"]), (4, 5, &["z: 1"]), (9, 1, &["z: 1"])];
        let expected = "a:\r\n  x: 1\r\n  y: 2\r\n  b: 1\r\n  c: { d: 1 }\r\n  - e: 1\r\n";
        assert_eq!(with_lines(text, &places), (expected.to_owned(), 1));
    }
}
