//! Sequence numbers: 56 digits in the layout of Kinesis's second version, never the same twice.
//!
//! | bits | what |
//! |---|---|
//! | 184 to 187 | the version, 2, which makes 56 digits that begin with 49 |
//! | 148 to 183 | the second in which the stream was created |
//! | 138 to 147 | the millisecond of that second |
//! | 100 to 137 | a random part of the stream, so that two streams of one millisecond differ |
//! | 36 to 99 | a counter of the shard, which goes up by one with each record |
//! | 4 to 35 | the shard's index, where the Kinesis client libraries look for it |
//! | 0 to 3 | the version once more |

use serde::{Deserialize, Serialize};

const VERSION: u64 = 2;
const RANDOM_BITS: u32 = 38;
/// Random bits below bit 128.
const LOW_RANDOM_BITS: u32 = 28;
/// The largest power of ten in 64 bits, by which a number is written in three pieces.
const PIECE: u64 = 10_000_000_000_000_000_000;
const PIECE_DIGITS: usize = 19;
const DIGITS: usize = 56;

/// What all numbers of a stream share, and no other stream's numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// When the stream was created, in milliseconds since 1970.
    pub(crate) created_ms: u64,
    random: u64,
}

impl Origin {
    /// The origin of a stream that is created now.
    pub(crate) fn new(created_ms: u64) -> Self {
        let random = uuid::Uuid::new_v4().as_u64_pair().1 & ((1 << RANDOM_BITS) - 1);
        Self { created_ms, random }
    }

    /// The number of a record.
    pub(crate) fn number(self, place: Place) -> SequenceNumber {
        let (second, millisecond) = (self.created_ms / 1000, self.created_ms % 1000);
        let random_high = self.random >> LOW_RANDOM_BITS;
        let random_low = self.random & ((1 << LOW_RANDOM_BITS) - 1);
        let low = u128::from(random_low) << 100
            | u128::from(place.counter) << 36
            | u128::from(place.shard) << 4
            | u128::from(VERSION);
        SequenceNumber { high: VERSION << 56 | second << 20 | millisecond << 10 | random_high, low }
    }

    /// The place of a number of this stream; `None` for a number of another stream.
    pub(crate) fn place(self, number: SequenceNumber) -> Option<Place> {
        let counter = u64::try_from(number.low >> 36 & u128::from(u64::MAX)).ok()?;
        let shard = u32::try_from(number.low >> 4 & u128::from(u32::MAX)).ok()?;
        let place = Place { shard, counter };
        (self.number(place) == number).then_some(place)
    }
}

/// The part of a sequence number that identifies one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The shard's index.
    pub(crate) shard: u32,
    /// The record's place in its shard.
    pub(crate) counter: u64,
}

/// A sequence number. Within a shard the numbers grow from record to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SequenceNumber {
    high: u64,
    low: u128,
}

impl SequenceNumber {
    /// Reads 56 digits. Numbers with other counts of digits belong to no stream.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (first, rest) = text.split_at_checked(DIGITS - 2 * PIECE_DIGITS)?;
        let (second, third) = rest.split_at_checked(PIECE_DIGITS)?;
        let mut limbs = [0; 3];
        for piece in [first, second, third] {
            let mut carry: u64 = piece.parse().ok()?;
            for limb in &mut limbs {
                let product = u128::from(*limb) * u128::from(PIECE) + u128::from(carry);
                (*limb, carry) = (low_half(product), high_half(product));
            }
        }
        let [low, middle, high] = limbs;
        Some(Self { high, low: u128::from(middle) << 64 | u128::from(low) })
    }
}

impl std::fmt::Display for SequenceNumber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut limbs = [self.high, high_half(self.low), low_half(self.low)];
        let mut pieces = [0; 3];
        for piece in pieces.iter_mut().rev() {
            let mut remainder = 0;
            for limb in &mut limbs {
                let value = u128::from(remainder) << 64 | u128::from(*limb);
                *limb = low_half(value / u128::from(PIECE));
                remainder = low_half(value % u128::from(PIECE));
            }
            *piece = remainder;
        }
        let [first, second, third] = pieces;
        write!(formatter, "{first:018}{second:019}{third:019}")
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the upper half is what is cut off")]
fn low_half(value: u128) -> u64 {
    value as u64
}

fn high_half(value: u128) -> u64 {
    low_half(value >> 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_56_digits_that_read_back_as_the_same_place(
            created_ms in 0u64..1 << 45, shard: u32, counter: u64,
        ) {
            let origin = Origin::new(created_ms);
            let place = Place { shard, counter };
            let text = origin.number(place).to_string();
            prop_assert_eq!(text.len(), DIGITS);
            prop_assert_eq!(SequenceNumber::parse(&text).and_then(|number| origin.place(number)), Some(place));
        }

        #[test]
        fn numbers_of_a_shard_are_in_the_order_of_their_digits(counter in 0u64..u64::MAX, shard: u32) {
            let origin = Origin::new(1_800_000_000_000);
            let [one, next] = [counter, counter + 1].map(|counter| origin.number(Place { shard, counter }));
            prop_assert!(one < next && one.to_string() < next.to_string());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9]{0,60}|.{0,60}") {
            if let Some(number) = SequenceNumber::parse(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }

    #[test]
    fn a_number_of_another_stream_has_no_place() {
        let place = Place { shard: 1, counter: 7 };
        let [one, other] = [Origin::new(1), Origin::new(1)];
        assert_eq!(other.place(one.number(place)), None);
    }

    #[test]
    fn a_number_looks_like_one_of_aws() {
        let number = Origin::new(1_764_208_000_000).number(Place { shard: 3, counter: 0 }).to_string();
        assert!(number.starts_with("49"), "{number}");
    }
}
