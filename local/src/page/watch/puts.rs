//! The newest records that streams refused. A refused record has no sequence number, so a record that came later is
//! compared with them by its content.

use std::sync::Arc;

use super::ring::Ring;
use crate::aws::clock::Moment;
use crate::aws::event::Name;

/// The most refusals that are kept.
const KEPT: usize = 10_000;
/// How long before a record's arrival a refusal is taken to belong to it, in milliseconds.
const PUT_AGAIN_MS: Moment = 60_000;

/// A record that a stream refused.
#[derive(Debug)]
struct Refused {
    at_ms: Moment,
    stream: Name,
    record: u64,
    code: &'static str,
}

/// The refused records, by their fingerprints.
#[derive(Debug)]
pub(crate) struct RefusedPuts(Ring<Refused>);

impl Default for RefusedPuts {
    fn default() -> Self {
        Self(Ring::new(KEPT))
    }
}

impl RefusedPuts {
    pub(super) fn take(&mut self, at_ms: Moment, stream: &Name, records: &[u64], code: &'static str) {
        for record in records {
            self.0.push(Refused { at_ms, stream: Arc::clone(stream), record: *record, code });
        }
    }

    /// Returns the times at which a stream refused this record until it came, oldest first, each with its error code.
    pub(crate) fn of(&self, stream: &str, record: u64, came_ms: Moment) -> Vec<(Moment, &'static str)> {
        let before = self.0.after(0).map(|(_, refused)| refused).filter(|refused| {
            refused.record == record && *refused.stream == *stream && refused.at_ms <= came_ms
        });
        before.map(|refused| (refused.at_ms, refused.code)).collect()
    }

    /// Whether every refusal of the minute before a record came is still kept.
    pub(crate) fn are_all_before(&self, came_ms: Moment) -> bool {
        let oldest = self.0.after(0).next().map(|(_, refused)| refused.at_ms);
        self.0.dropped() == 0 || oldest.is_some_and(|oldest| oldest <= came_ms - PUT_AGAIN_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_finds_the_refusals_before_it_came_and_knows_whether_older_ones_are_gone() {
        let mut puts = RefusedPuts::default();
        let stream: Name = "S".into();
        puts.take(10, &stream, &[1, 2], "slow");
        puts.take(20, &stream, &[1], "slow");
        puts.take(30, &stream, &[1], "slow");
        assert_eq!(puts.of("S", 1, 25), [(10, "slow"), (20, "slow")]);
        assert_eq!((puts.of("T", 1, 25).len(), puts.of("S", 3, 25).len()), (0, 0));
        assert!(puts.are_all_before(25));
        puts.take(40, &stream, &vec![9; KEPT], "slow");
        assert!(!puts.are_all_before(60_000) && puts.are_all_before(60_040));
        assert!(puts.of("S", 1, 60_000).is_empty());
    }
}
