//! The totals of a window, written when the window ends.

use std::collections::BTreeMap;

use edge::lambda::events::TumblingWindow;
use record_model::layout::{RecordName, WindowKey};
use serde::Serialize;

use super::state::{FieldState, WindowState};

/// Terms in the summary.
const TOP_TERMS: usize = 20;

impl WindowState {
    /// The key and content of the window's summary; `None` if nothing was counted.
    ///
    /// `mark` makes the bytes of each attempt differ, as a replaced object requires.
    pub(crate) fn summary(
        &self,
        window: &TumblingWindow<'_>,
        data_set: &str,
        mark: &str,
    ) -> Result<Option<(String, Vec<u8>)>, serde_json::Error> {
        let (Some(first), Some(last)) = (&self.first, &self.last) else { return Ok(None) };
        let TumblingWindow { start, end, stream, shard_id, .. } = *window;
        let mut top_terms: Vec<(&String, &u64)> = self.terms.iter().collect();
        top_terms.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let fields = self.fields.iter().map(|(name, field)| (name.as_str(), FieldSummary::of(field)));
        let summary = Summary {
            version: 1,
            window_start: start,
            window_end: end,
            stream,
            shard_id,
            first_sequence_number: first,
            last_sequence_number: last,
            terminated_early: window.is_terminated_early,
            attempt: mark,
            lines: self.lines,
            fields: fields.collect(),
            sentiment: &self.labels,
            top_terms: top_terms
                .into_iter()
                .take(TOP_TERMS)
                .map(|(term, count)| TermSummary { term, count: *count })
                .collect(),
        };
        let first = RecordName { stream, shard_id, sequence_number: first };
        let key = WindowKey { data_set, start, end, first }.key();
        Ok(Some((key, serde_json::to_vec(&summary)?)))
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    version: u32,
    window_start: &'a str,
    window_end: &'a str,
    stream: &'a str,
    shard_id: &'a str,
    first_sequence_number: &'a str,
    last_sequence_number: &'a str,
    terminated_early: bool,
    attempt: &'a str,
    lines: u64,
    fields: BTreeMap<&'a str, FieldSummary>,
    sentiment: &'a BTreeMap<String, u64>,
    top_terms: Vec<TermSummary<'a>>,
}

#[derive(Serialize)]
struct FieldSummary {
    count: u64,
    mean: f64,
    min: f64,
    max: f64,
}

#[derive(Serialize)]
struct TermSummary<'a> {
    term: &'a str,
    count: u64,
}

impl FieldSummary {
    #[allow(clippy::cast_precision_loss)] // no window counts 2^53 records
    fn of(field: &FieldState) -> Self {
        Self { count: field.count, mean: field.sum / field.count as f64, min: field.min, max: field.max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_without_records_has_no_summary() {
        let summary = WindowState::default().summary(&TumblingWindow::default(), "users", "a/1");
        assert_eq!(summary.unwrap(), None);
    }
}
