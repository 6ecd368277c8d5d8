//! Sequence numbers: decimal numbers of up to 129 digits, compared as numbers.

use std::{cmp::Ordering, fmt, str::FromStr};

/// The place of a record in its shard. A greater number is later, within a shard and from a shard to its
/// children.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SequenceNumber(Box<str>);

/// The pattern of the service's API: `0|([1-9]\d{0,128})`.
const MAX_DIGITS: usize = 129;

/// Why a text isn't a sequence number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SequenceNumberError {
    /// The text has no digits, or too many.
    #[error("sequence number has {found} characters, expected 1 to {MAX_DIGITS}")]
    Length {
        /// Characters found.
        found: usize,
    },
    /// The text has a character that isn't a digit.
    #[error("sequence number has a character at {at} that is not a digit")]
    NoDigit {
        /// Where, in bytes from 0.
        at: usize,
    },
    /// The number has a leading zero: it would equal another number that is spelled differently.
    #[error("sequence number has a leading zero")]
    LeadingZero,
}

impl SequenceNumber {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SequenceNumber {
    type Err = SequenceNumberError;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        if digits.is_empty() || digits.len() > MAX_DIGITS {
            return Err(SequenceNumberError::Length { found: digits.len() });
        }
        if let Some(at) = digits.bytes().position(|byte| !byte.is_ascii_digit()) {
            return Err(SequenceNumberError::NoDigit { at });
        }
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(SequenceNumberError::LeadingZero);
        }
        Ok(Self(digits.into()))
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros, the longer number is the greater one.
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(digits: &str) -> SequenceNumber {
        digits.parse().unwrap()
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_numbers(a: u128, b: u128) {
            prop_assert_eq!(number(&a.to_string()).cmp(&number(&b.to_string())), a.cmp(&b));
        }

        #[test]
        fn what_is_printed_is_read(digits in "0|[1-9][0-9]{0,128}") {
            prop_assert_eq!(number(&digits).to_string(), digits);
        }
    }

    #[test]
    fn numbers_of_56_digits_are_ordered_beyond_any_machine_integer() {
        let earlier = number("49590338271490256608559692538361571095921575989136588898");
        let later = number("49590338271490256608559692540925702759324208523137515618");
        assert!(earlier < later);
        assert!(number("9") < number("10"));
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        let refused = |digits: &str| digits.parse::<SequenceNumber>().unwrap_err();
        assert_eq!(refused(""), SequenceNumberError::Length { found: 0 });
        assert_eq!(refused(&"1".repeat(130)), SequenceNumberError::Length { found: 130 });
        assert_eq!(refused("12x"), SequenceNumberError::NoDigit { at: 2 });
        assert_eq!(refused("-1"), SequenceNumberError::NoDigit { at: 0 });
        assert_eq!(refused("007"), SequenceNumberError::LeadingZero);
    }
}
