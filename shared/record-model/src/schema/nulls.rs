//! The words that stand for "no value".

use std::sync::Arc;

use crate::codec::bare;

/// Null tokens of a field, compared without regard to ASCII case and to blanks around them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NullTokens {
    /// The tokens, which are shared by all fields that use the schema's own.
    tokens: Arc<[String]>,
    /// Bit n is set if a token begins with byte n: letters count in lower case, and bytes beyond ASCII
    /// without their top bit. Most values begin like no token, so the search ends here.
    initials: u128,
    /// Whether the empty text is a token.
    empty: bool,
}

impl NullTokens {
    pub(crate) fn new(tokens: &[String]) -> Self {
        let tokens: Arc<[String]> = tokens.iter().map(|token| bare(token).to_owned()).collect();
        let initials =
            tokens.iter().filter_map(|token| token.bytes().next()).fold(0, |bits, byte| bits | bit(byte));
        let empty = tokens.iter().any(String::is_empty);
        Self { tokens, initials, empty }
    }

    #[inline]
    pub(crate) fn contains(&self, bare: &str) -> bool {
        let Some(initial) = bare.bytes().next() else { return self.empty };
        self.initials & bit(initial) != 0 && self.tokens.iter().any(|token| token.eq_ignore_ascii_case(bare))
    }

    /// How a row writes null: as the empty text if that is a token, otherwise as the first token.
    pub(crate) fn written(&self) -> Option<&str> {
        self.tokens.iter().find(|token| token.is_empty()).or(self.tokens.first()).map(String::as_str)
    }
}

/// The bit that stands for a first byte.
#[inline]
fn bit(initial: u8) -> u128 {
    1 << (initial.to_ascii_lowercase() & 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_and_parts_of_words_are_no_tokens() {
        let nulls = NullTokens::new(&["N/A".to_owned(), "nan".to_owned()]);
        assert!(nulls.contains("NaN") && nulls.contains("n/a"));
        assert!(!nulls.contains("") && !nulls.contains("nano") && !nulls.contains("n"));
        assert_eq!(nulls.written(), Some("N/A"));
        assert!(NullTokens::new(&[String::new()]).contains(""));
        assert!(NullTokens::new(&["—".to_owned()]).contains("—"));
    }
}
