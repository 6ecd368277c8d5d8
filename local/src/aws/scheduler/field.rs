//! One field of a cron expression: which of its numbers are selected.

use std::collections::BTreeSet;

/// What a field may hold.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) low: i16,
    pub(super) high: i16,
    /// Names of the numbers from `low` on.
    pub(super) names: &'static [&'static str],
    /// Whether a range may continue past the end, such as from 22 to 2 o'clock.
    pub(super) wraps: bool,
}

impl Field {
    /// The numbers of a list: `*`, `5`, `MON-FRI`, `0/15`, `8-18/2`, with commas between them.
    pub(super) fn read(&self, text: &str) -> Result<BTreeSet<i16>, String> {
        let mut numbers = BTreeSet::new();
        for part in text.split(',') {
            numbers.extend(self.part(part).ok_or_else(|| self.wrong(part))?);
        }
        Ok(numbers)
    }

    /// One number or its name.
    pub(super) fn number(&self, text: &str) -> Result<i16, String> {
        self.found(text).ok_or_else(|| self.wrong(text))
    }

    fn part(&self, text: &str) -> Option<Vec<i16>> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (text, None),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (self.found(from)?, self.found(to)?),
            None if range == "*" => (self.low, self.high),
            // A number with a step continues to the end.
            None => (self.found(range)?, if step.is_some() { self.high } else { self.found(range)? }),
        };
        let numbers: Vec<i16> = if from <= to {
            (from..=to).collect()
        } else if self.wraps {
            (from..=self.high).chain(self.low..=to).collect()
        } else {
            return None;
        };
        Some(numbers.into_iter().step_by(step.unwrap_or(1)).collect())
    }

    fn found(&self, text: &str) -> Option<i16> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match named {
            Some(place) => self.low.checked_add(i16::try_from(place).ok()?)?,
            None => text.parse().ok()?,
        };
        (self.low..=self.high).contains(&number).then_some(number)
    }

    fn wrong(&self, text: &str) -> String {
        wrong(self.name, text, &format!("{} to {}", self.low, self.high))
    }
}

pub(super) fn wrong(field: &str, text: &str, expected: &str) -> String {
    format!("{field} is {text:?}, expected {expected}")
}
