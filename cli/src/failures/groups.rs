//! Groups failures by their reason: counts, times, and a few examples of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::item::{By, Item};
use crate::shards::ruled;

/// The number of examples that are kept for each reason.
const EXAMPLES: usize = 3;
/// The most reasons that are counted separately. Reasons are texts from outside, so their number needs a limit.
const MAX_GROUPS: usize = 1_000;
/// The reason under which all others beyond the limit are counted.
const OTHERS: &str = "(others)";

/// All failures with one reason.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    function: By,
    data_set: String,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The number of records of a stream or a source, or of batches that were given up.
    failures: u64,
    /// The number of user records in them, as far as it is known.
    records: u64,
    /// The number of failures that were redriven.
    redriven: u64,
    first_at: String,
    last_at: String,
    examples: Vec<Example>,
    #[serde(skip)]
    between_ms: (i64, i64),
}

/// An example of a failure.
#[derive(Debug, Serialize)]
struct Example {
    at: String,
    message: String,
}

/// The groups, by who put the records aside, data set, reason and field.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<(By, String, String, Option<String>), Group>);

impl Groups {
    /// Adds a failure, and counts it as redriven or not.
    pub(super) fn add(&mut self, item: Item, is_redriven: bool) {
        let mut key = (item.by, item.data_set.clone(), item.reason.kind.clone(), item.reason.field.clone());
        if self.0.len() >= MAX_GROUPS && !self.0.contains_key(&key) {
            key = (item.by, OTHERS.to_owned(), OTHERS.to_owned(), None);
        }
        let group = self.0.entry(key).or_insert_with_key(|(function, data_set, reason, field)| Group {
            function: *function,
            data_set: data_set.clone(),
            reason: reason.clone(),
            field: field.clone(),
            failures: 0,
            records: 0,
            redriven: 0,
            first_at: String::new(),
            last_at: String::new(),
            examples: Vec::new(),
            between_ms: (item.at_ms, item.at_ms),
        });
        group.failures += 1;
        group.records += item.records;
        group.redriven += u64::from(is_redriven);
        let (first, last) = group.between_ms;
        group.between_ms = (first.min(item.at_ms), last.max(item.at_ms));
        if !is_redriven && group.examples.len() < EXAMPLES {
            group.examples.push(Example { at: item.at(), message: item.reason.message });
        }
    }

    /// Returns the groups, with the most frequent reason first.
    pub(super) fn sorted(self) -> Vec<Group> {
        let mut groups: Vec<Group> = self.0.into_values().collect();
        for group in &mut groups {
            (group.first_at, group.last_at) = (time(group.between_ms.0), time(group.between_ms.1));
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.failures));
        groups
    }
}

/// Writes a table of the reasons, and the examples of each reason below it.
pub(super) fn text(groups: &[Group]) -> String {
    if groups.is_empty() {
        return "nothing failed\n".to_owned();
    }
    let heading = ["function", "data set", "reason", "failures", "records", "redriven", "first", "last"];
    let rows = groups.iter().map(|group| {
        vec![
            name(group.function),
            group.data_set.clone(),
            group.reason(),
            group.failures.to_string(),
            group.records.to_string(),
            group.redriven.to_string(),
            group.first_at.clone(),
            group.last_at.clone(),
        ]
    });
    let rows: Vec<_> = std::iter::once(heading.map(str::to_owned).to_vec()).chain(rows).collect();
    let mut text = ruled(&rows);
    for group in groups.iter().filter(|group| group.waits()) {
        let of = format!("{} {}", name(group.function), group.data_set);
        writeln!(text, "\n{of} {}", group.reason()).unwrap_or_default();
        for Example { at, message } in &group.examples {
            writeln!(text, "  {at}\n    {message}").unwrap_or_default();
        }
    }
    text
}

impl Group {
    /// Whether one of the failures is not redriven yet.
    pub(super) fn waits(&self) -> bool {
        self.redriven < self.failures
    }

    fn reason(&self) -> String {
        match &self.field {
            Some(field) => format!("{} {field}", self.reason),
            None => self.reason.clone(),
        }
    }
}

/// The name that `--function` accepts.
pub(crate) fn name(by: By) -> String {
    use clap::ValueEnum as _;
    by.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn time(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::item::{Content, Record, Why};
    use super::*;

    fn item(kind: &str, at_ms: i64) -> Item {
        Item {
            place: format!("quarantine/{at_ms}"),
            line: None,
            by: By::Consumer,
            data_set: "tweets".to_owned(),
            reason: Why { kind: kind.to_owned(), field: Some("f".to_owned()), message: "m".to_owned() },
            records: 2,
            at_ms,
            content: Content::Record(Record::default()),
        }
    }

    #[test]
    fn reasons_are_counted_and_have_three_examples_each() {
        let mut groups = Groups::default();
        groups.add(item("rare", 9_000), true);
        for at_ms in 1..=5 {
            groups.add(item("often", at_ms * 1000), false);
        }
        let groups = groups.sorted();
        let [often, rare] = &groups[..] else { panic!("{groups:?}") };
        assert_eq!((often.failures, often.records, often.examples.len()), (5, 10, 3));
        assert_eq!(
            (often.first_at.as_str(), often.last_at.as_str()),
            ("1970-01-01T00:00:01Z", "1970-01-01T00:00:05Z")
        );
        assert!(rare.failures == 1 && !rare.waits() && often.waits());
        let text = text(&groups);
        assert!(text.contains("often f") && text.contains("quarantine/3000"), "{text}");
    }

    #[test]
    fn the_number_of_reasons_has_an_end_and_none_is_left_out() {
        let mut groups = Groups::default();
        for n in 0..2 * MAX_GROUPS {
            groups.add(item(&n.to_string(), 0), false);
        }
        let groups = groups.sorted();
        assert_eq!(groups.len(), MAX_GROUPS + 1);
        assert_eq!(groups.iter().map(|group| group.failures).sum::<u64>(), 2 * MAX_GROUPS as u64);
    }
}
