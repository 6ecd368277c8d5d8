//! Rules, and what they find.

use serde::Serialize;

use super::stack::Stack;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Records are lost or a deployment fails.
    Error,
    /// It costs money, or does harm once something else fails.
    Warning,
}

impl Severity {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One rule: what it looks for, why, from which source, and what to do.
pub(super) struct Rule {
    /// Its name, in words with hyphens. Programs that read the output rely on it.
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// What happens, as one sentence.
    pub(super) reason: &'static str,
    pub(super) fix: &'static str,
    /// The page or the measurement that it is based on.
    pub(super) source: &'static str,
    pub(super) find: fn(&Stack) -> Vec<Found>,
}

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The resource, such as `Orders/Consumer`.
    pub(super) place: String,
    /// The path from the resource to the part, which may be missing.
    pub(super) path: Vec<String>,
    /// What was found there.
    pub(super) what: String,
    /// What `--fix` writes, if that is safe.
    pub(super) mend: Option<Mend>,
}

/// Lines to be written before a key of the template, with the indentation of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mend {
    /// The path of the key, from the resource on.
    pub(super) before: Vec<String>,
    pub(super) lines: Vec<&'static str>,
}

impl Found {
    pub(super) fn new(place: &str, path: &[&str], what: impl Into<String>) -> Self {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self { place: place.to_owned(), path, what: what.into(), mend: None }
    }

    /// Adds lines that correct it.
    pub(super) fn mended(mut self, before: &[&str], lines: &[&'static str]) -> Self {
        let before = before.iter().map(|part| (*part).to_owned()).collect();
        self.mend = Some(Mend { before, lines: lines.to_vec() });
        self
    }
}
