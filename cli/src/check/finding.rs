//! Findings with their places in files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use template::{Position, Positions};

use super::rule::{Found, Mend, Rule, Severity};

/// The sections of a template that an error may name.
const SECTIONS: [&str; 8] =
    ["Conditions", "Globals", "Mappings", "Metadata", "Outputs", "Parameters", "Resources", "Rules"];

/// One finding, as it is printed.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    pub(super) file: PathBuf,
    /// From 1.
    pub(super) line: usize,
    /// From 1.
    pub(super) column: usize,
    /// The resource.
    pub(super) place: String,
    pub(super) what: String,
    pub(super) reason: String,
    pub(super) fix: String,
    pub(super) source: String,
    /// Lines that correct it, and the place of the key that they go before.
    #[serde(skip)]
    pub(super) mend: Option<(Position, Mend)>,
}

/// The files of a template, each of which is opened once.
pub(super) struct Places {
    template: PathBuf,
    files: BTreeMap<String, String>,
    opened: BTreeMap<PathBuf, Option<Positions>>,
}

impl Places {
    pub(super) fn of(template: &Path, files: BTreeMap<String, String>) -> Self {
        Self { template: template.to_owned(), files, opened: BTreeMap::new() }
    }

    /// The file of a resource, and the path of the part in it.
    fn way(&self, place: &str, path: &[String]) -> (PathBuf, Vec<String>) {
        let (application, id) = place.rsplit_once('/').unwrap_or(("", place));
        let folder = self.template.parent().unwrap_or(Path::new(""));
        let file =
            self.files.get(application).map_or_else(|| self.template.clone(), |file| folder.join(file));
        let way = ["Resources", id].map(ToOwned::to_owned).into_iter().chain(path.iter().cloned());
        (file, way.collect())
    }

    fn position(&mut self, file: &Path, way: &[String]) -> Position {
        let opened = self.opened.entry(file.to_owned()).or_insert_with(|| Positions::open(file).ok());
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        opened.as_ref().map_or(Position { line: 1, column: 1 }, |positions| positions.of(&way))
    }
}

impl Finding {
    pub(super) fn of(rule: &Rule, found: Found, places: &mut Places) -> Self {
        let texts = [rule.reason, rule.fix, rule.source].map(ToOwned::to_owned);
        Self::at((rule.id, rule.severity), found, texts, places)
    }

    pub(super) fn at(
        (rule, severity): (&'static str, Severity),
        found: Found,
        [reason, fix, source]: [String; 3],
        places: &mut Places,
    ) -> Self {
        let (file, way) = places.way(&found.place, &found.path);
        let Position { line, column } = places.position(&file, &way);
        let mend = found.mend.map(|mend| {
            let (_, way) = places.way(&found.place, &mend.before);
            (places.position(&file, &way), mend)
        });
        let (place, what) = (found.place, found.what);
        Self { rule, severity, file, line, column, place, what, reason, fix, source, mend }
    }
}

/// The finding for a template that is invalid: its parameters contradict each other, or a value is wrong.
pub(super) fn refused(places: &mut Places, place: &str, problem: &str) -> Finding {
    let own = place.rsplit('/').next().unwrap_or(place);
    let parts: Vec<String> =
        own.split(['.', '[', ']']).filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
    let is_section = parts.first().is_some_and(|first| SECTIONS.contains(&first.as_str()));
    let way = if is_section { parts } else { [vec!["Resources".to_owned()], parts].concat() };
    let file = places.template.clone();
    let Position { line, column } = places.position(&file, &way);
    Finding {
        rule: "template-is-refused",
        severity: Severity::Error,
        file,
        line,
        column,
        place: place.to_owned(),
        what: problem.to_owned(),
        reason: "CloudFormation refuses it, or would make something else than was meant.".to_owned(),
        fix: "Give other parameters, or correct the template.".to_owned(),
        source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html"
            .to_owned(),
        mend: None,
    }
}
