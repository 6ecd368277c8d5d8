//! Aggregates over a tumbling window, kept in Lambda's window state and written when the window ends.

use std::borrow::Cow;
use std::collections::BTreeMap;

use edge::lambda::events::{KinesisRecord, TumblingWindow};
use record_model::keys::SequenceNumber;
use serde::{Deserialize, Serialize};

use super::numbers::Numbers;
use crate::read::Lines;

/// The most terms that are counted at once. If there are more, the counts of rare ones are upper bounds.
const MAX_TERMS: usize = 200;
/// The most numeric fields. Together with the terms, this keeps the state far below Lambda's limit of 1 MB.
const MAX_FIELDS: usize = 64;
/// Longest term, in bytes.
const MAX_TERM_BYTES: usize = 64;

/// The totals of the window's records so far. Its JSON form is the state that Lambda keeps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct WindowState {
    /// The sequence numbers of the first and the last record that were counted.
    #[serde(default)]
    pub(super) first: Option<String>,
    #[serde(default)]
    pub(super) last: Option<String>,
    /// Output lines.
    #[serde(default)]
    pub(super) lines: u64,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, FieldState>,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, u64>,
    #[serde(default)]
    pub(super) terms: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct FieldState {
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// What is counted for an output line.
#[derive(Deserialize)]
struct CountedLine<'a> {
    #[serde(borrow)]
    sentiment: Option<CountedSentiment<'a>>,
    #[serde(borrow, default)]
    keywords: Vec<CountedKeyword<'a>>,
    record: Numbers,
}

#[derive(Deserialize)]
struct CountedSentiment<'a> {
    #[serde(borrow)]
    label: Cow<'a, str>,
}

#[derive(Deserialize)]
struct CountedKeyword<'a> {
    #[serde(borrow)]
    term: Cow<'a, str>,
}

impl WindowState {
    /// The state from the window's last answer; a new state if there is none.
    pub(crate) fn read(window: &TumblingWindow<'_>) -> Self {
        let Some(state) = window.state else { return Self::default() };
        let mut state: Self = serde_json::from_str(state).unwrap_or_else(|error| {
            tracing::error!(line = error.line(), column = error.column(), "window state can't be read");
            Self::default()
        });
        state.drop_rare_terms();
        state
    }

    /// A state that an earlier release wrote may have more terms. It must not fill Lambda's limit, because then no answer
    /// would be accepted.
    fn drop_rare_terms(&mut self) {
        if self.terms.len() <= MAX_TERMS {
            return;
        }
        let mut terms: Vec<(String, u64)> = std::mem::take(&mut self.terms).into_iter().collect();
        terms.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        terms.truncate(MAX_TERMS);
        self.terms = terms.into_iter().collect();
    }

    /// Counts the lines of `records`, except for those that an earlier answer counted.
    pub(crate) fn count(&mut self, records: &[KinesisRecord<'_>], lines: &Lines) {
        for (index, record) in records.iter().enumerate() {
            if self.counted(record.sequence_number) {
                continue;
            }
            lines.of_record(index).split(|byte| *byte == b'\n').for_each(|line| self.count_line(line));
            self.first.get_or_insert_with(|| record.sequence_number.to_owned());
            self.last = Some(record.sequence_number.to_owned());
        }
    }

    fn counted(&self, sequence_number: &str) -> bool {
        let number = |digits: &str| digits.parse::<SequenceNumber>().ok();
        self.last.as_deref().is_some_and(|last| number(sequence_number) <= number(last))
    }

    fn count_line(&mut self, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<CountedLine<'_>>(line) else { return };
        self.lines += 1;
        for (name, number) in line.record.0 {
            self.count_number(name, number);
        }
        if let Some(sentiment) = line.sentiment {
            *self.labels.entry(sentiment.label.into_owned()).or_default() += 1;
        }
        for keyword in line.keywords {
            self.count_term(&keyword.term);
        }
    }

    fn count_number(&mut self, name: String, number: f64) {
        if self.fields.len() >= MAX_FIELDS && !self.fields.contains_key(&name) {
            return;
        }
        let none = FieldState { count: 0, sum: 0.0, min: number, max: number };
        let field = self.fields.entry(name).or_insert(none);
        field.count += 1;
        // JSON has no infinity, and a state that can't be read again would lose what was counted.
        field.sum = (field.sum + number).clamp(f64::MIN, f64::MAX);
        field.min = field.min.min(number);
        field.max = field.max.max(number);
    }

    /// Space-Saving (Metwally, Agrawal, El Abbadi 2005): a new term takes the place and the count of the rarest.
    fn count_term(&mut self, term: &str) {
        let term = term.to_lowercase();
        if let Some(count) = self.terms.get_mut(&term) {
            *count += 1;
            return;
        }
        if term.len() > MAX_TERM_BYTES {
            return;
        }
        let mut count = 1;
        if self.terms.len() >= MAX_TERMS
            && let Some((rarest, of_rarest)) = self.terms.iter().min_by_key(|(_, count)| **count)
        {
            count += of_rarest;
            let rarest = rarest.clone();
            self.terms.remove(&rarest);
        }
        self.terms.insert(term, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Outcome;

    fn record(sequence_number: &str) -> KinesisRecord<'_> {
        KinesisRecord {
            stream: "users",
            shard_id: "shardId-000000000000",
            sequence_number,
            partition_key: "k".into(),
            arrived_at_ms: 0,
            data: None,
        }
    }

    fn ages(ages: &[u32]) -> Lines {
        let mut lines = Lines::default();
        for age in ages {
            let line = format!(
                "{{\"sentiment\":null,\"keywords\":[{{\"term\":\"Age {age}\"}}],\"record\":{{\"age\":{age}}}}}\n"
            );
            lines.bytes.extend_from_slice(line.as_bytes());
            lines.records.push(Outcome { end: lines.bytes.len(), ..Outcome::default() });
        }
        lines
    }

    #[test]
    fn a_record_that_comes_again_is_counted_once() {
        let records = [record("9"), record("10")];
        let mut state = WindowState::default();
        state.count(&records[..1], &ages(&[20]));
        state.count(&records, &ages(&[20, 50]));
        let window = TumblingWindow {
            start: "S",
            end: "E",
            stream: "users",
            shard_id: "0",
            ..TumblingWindow::default()
        };
        let (key, summary) = state.summary(&window, "users", "a/1").unwrap().unwrap();
        assert_eq!(key, "windows/users/S-E-users-0-9.json");
        let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
        assert_eq!(
            summary["fields"]["age"],
            serde_json::json!({"count": 2, "mean": 35.0, "min": 20.0, "max": 50.0})
        );
        assert_eq!(summary["last_sequence_number"], "10");
    }

    #[test]
    fn a_sum_beyond_all_numbers_is_the_greatest_and_does_not_cost_the_state() {
        let mut state = WindowState::default();
        for _ in 0..2 {
            state.count_number("n".to_owned(), f64::MAX);
        }
        let json = serde_json::to_string(&state).unwrap();
        let window = TumblingWindow { state: Some(&json), ..TumblingWindow::default() };
        assert_eq!(WindowState::read(&window), state);
    }

    #[test]
    fn a_state_survives_lambda_and_stays_small_whatever_is_counted() {
        let mut state = WindowState::default();
        for number in 0..2_000_u32 {
            let sequence_number = (number + 1).to_string();
            state.count(&[record(&sequence_number)], &ages(&[number]));
        }
        let json = serde_json::to_string(&state).unwrap();
        assert!(json.len() < 100_000, "{}", json.len());
        let window = TumblingWindow { state: Some(&json), ..TumblingWindow::default() };
        assert_eq!(WindowState::read(&window), state);
        assert_eq!(state.lines, 2_000);
    }
}
