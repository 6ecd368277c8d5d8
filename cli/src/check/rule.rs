//! What a rule is, and what it finds.

use serde::Serialize;

use super::stack::Stack;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Records are lost or a deployment fails.
    Error,
    /// It costs, or it is wrong where something else goes wrong.
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

/// One rule: what it looks for, why, by which source, and what is to be done.
pub(super) struct Rule {
    /// Its name, in words with hyphens; part of the output's contract.
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// What happens, as one sentence.
    pub(super) reason: &'static str,
    pub(super) fix: &'static str,
    /// A page or a measurement that says so.
    pub(super) source: &'static str,
    pub(super) find: fn(&Stack) -> Vec<Found>,
}

/// Where a rule does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The resource, such as `Orders/Consumer`.
    pub(super) place: String,
    /// The way from the resource to the part, which may not be there.
    pub(super) path: Vec<String>,
    /// What is there.
    pub(super) what: String,
    /// What `--fix` writes, where that is safe.
    pub(super) mend: Option<Mend>,
}

/// Lines that go before a key of the template, as far in as the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mend {
    /// The key, from the resource on.
    pub(super) before: Vec<String>,
    pub(super) lines: Vec<&'static str>,
}

impl Found {
    pub(super) fn new(place: &str, path: &[&str], what: impl Into<String>) -> Self {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self { place: place.to_owned(), path, what: what.into(), mend: None }
    }

    /// With lines that mend it.
    pub(super) fn mended(mut self, before: &[&str], lines: &[&'static str]) -> Self {
        let before = before.iter().map(|part| (*part).to_owned()).collect();
        self.mend = Some(Mend { before, lines: lines.to_vec() });
        self
    }
}
