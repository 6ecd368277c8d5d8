//! A line of a data set now and then, for whoever reads a pipe.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::HumanCount;
use local::DataSetStatus;

use crate::terminal;

/// The time between two lines of a data set.
const EVERY: Duration = Duration::from_secs(10);

/// When each data set was told of, and what of it was done then.
#[derive(Debug, Default)]
pub(super) struct Plain(BTreeMap<String, (Duration, u64)>);

impl Plain {
    /// The lines that are due: after a while, and only of what was done since the last one.
    pub(super) fn take(&mut self, data_sets: &[DataSetStatus], at: Duration) -> Vec<String> {
        let due = data_sets.iter().filter(|status| self.is_due(status, at));
        due.map(|status| terminal::line(&text(status)).into_owned()).collect()
    }

    fn is_due(&mut self, status: &DataSetStatus, at: Duration) -> bool {
        let done = status.done();
        let is_due = match self.0.get(&status.name) {
            None => done > 0,
            Some((told, before)) => at.saturating_sub(*told) >= EVERY && done != *before,
        };
        if is_due {
            self.0.insert(status.name.clone(), (at, done));
        }
        is_due
    }
}

/// A data set's line, which fits in 80 columns.
fn text(status: &DataSetStatus) -> String {
    let next = status.next_tick.map_or(String::new(), |left| format!("  next {} s", left.as_secs()));
    format!(
        "{:10.10} {:>10} put {:>10} taken {:>9} waiting {:>6}/s{next}",
        status.name,
        HumanCount(status.put).to_string(),
        HumanCount(status.done()).to_string(),
        HumanCount(status.waiting).to_string(),
        HumanCount(status.per_second).to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(put: u64, waiting: u64) -> DataSetStatus {
        DataSetStatus { name: "crime".to_owned(), put, waiting, ..DataSetStatus::default() }
    }

    #[test]
    fn a_line_fits_eighty_columns() {
        let status = DataSetStatus {
            name: "a data set of a long name".to_owned(),
            put: 99_999_999,
            waiting: 9_999_999,
            per_second: 99_999,
            next_tick: Some(Duration::from_secs(59)),
            ..DataSetStatus::default()
        };
        let line = text(&status);
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }

    #[test]
    fn a_data_set_is_told_of_every_ten_seconds_and_only_of_what_is_new() {
        let mut plain = Plain::default();
        let mut lines = |put, waiting, at| plain.take(&[status(put, waiting)], Duration::from_secs(at)).len();
        assert_eq!(lines(5, 5, 0), 0, "nothing is done yet");
        assert_eq!(lines(5, 4, 1), 1);
        assert_eq!(lines(5, 0, 10), 0, "nine seconds later");
        assert_eq!(lines(5, 0, 11), 1);
        assert_eq!(lines(9, 4, 60), 0, "nothing more is done");
    }
}
