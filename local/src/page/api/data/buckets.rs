//! Values over time, in a number of pieces that a chart has room for.

use std::collections::BTreeMap;

/// The most pieces.
const MOST: usize = 240;
const SECOND_MS: i64 = 1_000;
const DAY_MS: i64 = 86_400 * SECOND_MS;
/// The lengths of a piece, in milliseconds. Each length is a multiple of the one before, so that a shorter piece lies
/// within one longer piece.
const WIDTHS: [i64; 12] = [
    SECOND_MS,
    5 * SECOND_MS,
    15 * SECOND_MS,
    60 * SECOND_MS,
    300 * SECOND_MS,
    900 * SECOND_MS,
    3_600 * SECOND_MS,
    6 * 3_600 * SECOND_MS,
    DAY_MS,
    7 * DAY_MS,
    28 * DAY_MS,
    364 * DAY_MS,
];

/// What is kept of the values in one piece of time.
pub(super) trait Piece: Default + Clone {
    /// Adds the values of another piece.
    fn merge(&mut self, other: &Self);
}

/// Pieces of equal length, by the time at which they begin.
#[derive(Debug, Clone)]
pub(super) struct Buckets<P> {
    width_ms: i64,
    pieces: BTreeMap<i64, P>,
}

impl<P> Default for Buckets<P> {
    fn default() -> Self {
        Self { width_ms: SECOND_MS, pieces: BTreeMap::new() }
    }
}

impl<P: Piece> Buckets<P> {
    /// Returns the piece of a time. If there would be too many pieces, all of them become longer.
    pub(super) fn at(&mut self, at_ms: i64) -> &mut P {
        while !self.pieces.contains_key(&begin(at_ms, self.width_ms)) && self.pieces.len() >= MOST {
            self.grow();
        }
        self.pieces.entry(begin(at_ms, self.width_ms)).or_default()
    }

    pub(super) fn width_ms(&self) -> i64 {
        self.width_ms
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &P)> {
        self.pieces.iter().map(|(begin, piece)| (*begin, piece))
    }

    fn grow(&mut self) {
        let longer = WIDTHS.into_iter().find(|width| *width > self.width_ms);
        self.width_ms = longer.unwrap_or(self.width_ms.saturating_mul(2));
        for (at, piece) in std::mem::take(&mut self.pieces) {
            self.pieces.entry(begin(at, self.width_ms)).or_default().merge(&piece);
        }
    }
}

fn begin(at_ms: i64, width_ms: i64) -> i64 {
    at_ms - at_ms.rem_euclid(width_ms.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Default, Clone, PartialEq)]
    struct Count(u64);

    impl Piece for Count {
        fn merge(&mut self, other: &Self) {
            self.0 += other.0;
        }
    }

    proptest! {
        #[test]
        fn no_value_is_lost_and_there_are_never_too_many_pieces(
            times in prop::collection::vec(-4_000_000_000_000_i64..4_000_000_000_000, 1..2_000),
        ) {
            let mut buckets = Buckets::<Count>::default();
            for time in &times {
                buckets.at(*time).0 += 1;
            }
            prop_assert!(buckets.iter().count() <= MOST);
            prop_assert_eq!(buckets.iter().map(|(_, count)| count.0).sum::<u64>(), times.len() as u64);
            for time in times {
                let width = buckets.width_ms();
                prop_assert!(buckets.iter().any(|(from, _)| (from..from + width).contains(&time)));
            }
        }
    }
}
