//! Writes findings as text for people and as JSON for programs.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use super::Checked;
use super::rule::Severity;
use crate::terminal;

pub(super) fn text(checked: &Checked, template: &Path) -> String {
    let mut lines = Vec::new();
    for finding in &checked.findings {
        let (file, word) = (finding.file.display(), finding.severity.word());
        lines.push(format!(
            "{file}:{}:{}: {word}: {}: {}",
            finding.line, finding.column, finding.place, finding.what
        ));
        lines.push(format!("  {}", finding.reason));
        lines.push(format!("  fix: {}", finding.fix));
        lines.push(format!("  rule: {}, {}", finding.rule, finding.source));
    }
    lines.extend(checked.unread.iter().map(|line| format!("not checked: {line}")));
    let count = |severity| checked.findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    lines.push(format!(
        "{}: {}, {}",
        template.display(),
        counted(errors, "error"),
        counted(warnings, "warning")
    ));
    lines.join("\n")
}

fn counted(count: usize, word: &str) -> String {
    let count_word = if count == 0 { "no".to_owned() } else { count.to_string() };
    format!("{count_word} {word}{}", if count == 1 { "" } else { "s" })
}

pub(super) fn json(checked: &Checked) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&json!({"findings": checked.findings, "not_checked": checked.unread}))
}

/// Prints a text. It is no failure if the reader, such as `head`, closes the pipe early.
pub(super) fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match writeln!(io::stdout().lock(), "{}", terminal::lines(text)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
