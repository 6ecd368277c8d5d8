//! The words that stand for "no value".

use std::sync::Arc;

/// Null tokens of a field, compared without regard to ASCII case and to blanks around them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NullTokens {
    /// Shared by the fields that have the schema's own.
    tokens: Arc<[String]>,
    /// Bit n: a token has n bytes. Most values are of no token's length and end the search there.
    lengths: u64,
}

impl NullTokens {
    pub(crate) fn new(tokens: &[String]) -> Self {
        let tokens: Arc<[String]> = tokens.iter().map(|token| token.trim_ascii().to_owned()).collect();
        let lengths = tokens.iter().fold(0, |bits, token| bits | 1 << token.len().min(63));
        Self { tokens, lengths }
    }

    #[inline]
    pub(crate) fn contains(&self, bare: &str) -> bool {
        self.lengths >> bare.len().min(63) & 1 == 1
            && self.tokens.iter().any(|token| token.eq_ignore_ascii_case(bare))
    }

    /// How null is written in a row: the empty text where that is a token, else the first one.
    pub(crate) fn written(&self) -> Option<&str> {
        self.tokens.iter().find(|token| token.is_empty()).or(self.tokens.first()).map(String::as_str)
    }
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
    }
}
