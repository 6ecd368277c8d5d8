//! Rates over the last two seconds, from totals that are taken a few times a second.

use std::collections::{BTreeMap, VecDeque};

use crate::aws::clock::Moment;

/// The time over which a rate is measured, in milliseconds.
const SPAN_MS: Moment = 2_000;

/// The last totals by the name of what they count.
#[derive(Debug, Default)]
pub(super) struct Rates(BTreeMap<String, VecDeque<(Moment, u64)>>);

impl Rates {
    /// Takes the current total, and returns by how much it grows in a second.
    pub(super) fn look(&mut self, name: &str, now: Moment, total: u64) -> u64 {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), VecDeque::new());
        }
        let Some(totals) = self.0.get_mut(name) else { return 0 };
        totals.push_back((now, total));
        // The last total before the span is kept, so that the whole span is covered.
        while totals.get(1).is_some_and(|(at, _)| *at <= now.saturating_sub(SPAN_MS)) {
            totals.pop_front();
        }
        let (since, before) = totals.front().copied().unwrap_or((now, total));
        let took = u64::try_from(now.saturating_sub(since)).unwrap_or(0);
        total.saturating_sub(before).saturating_mul(1000).checked_div(took).unwrap_or(0)
    }

    /// Forgets all totals after a pause, so that a rate does not span it.
    pub(super) fn begin_anew(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_two_seconds() {
        let mut rates = Rates::default();
        assert_eq!(rates.look("a", 0, 100), 0, "one look is no rate");
        assert_eq!(rates.look("a", 1_000, 300), 200);
        assert_eq!(rates.look("a", 2_000, 300), 100);
        assert_eq!(rates.look("a", 4_000, 300), 0, "nothing happened lately");
        assert_eq!(rates.look("b", 4_000, 300), 0, "each has its own");
        for now in 0..1_000 {
            rates.look("c", now, 1);
        }
        assert_eq!(rates.look("a", 5_000, 1_300), 333, "from the last look before the span");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut rates = Rates::default();
        for look in 0..10_000 {
            rates.look("a", look * 200, 0);
        }
        assert!(rates.0["a"].len() <= 12);
    }
}
