//! The regular expression of a string field. The commonest kind is matched without an engine.

use regex_lite::{Error, Regex, RegexBuilder};

/// The most memory a compiled pattern may take, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// A regular expression that is matched in linear time.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    run: Option<Run>,
}

/// A pattern such as `^[0-9]{1,20}$`: a number of characters of one class, and nothing else. Ids and codes
/// look like this, and such a field is checked in every record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// A bit for each ASCII character of the class.
    class: u128,
    least: usize,
    most: usize,
}

impl Pattern {
    pub(crate) fn compile(pattern: &str) -> Result<Self, Error> {
        let regex = RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build()?;
        Ok(Self { regex, run: Run::of(pattern) })
    }

    pub(crate) fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether it matches somewhere in the text.
    #[inline]
    pub(crate) fn is_match(&self, text: &str) -> bool {
        match &self.run {
            Some(run) => run.is_match(text),
            None => self.regex.is_match(text),
        }
    }
}

impl Run {
    /// The run that a valid pattern describes, if it is one.
    fn of(pattern: &str) -> Option<Self> {
        let (class, repetition) = pattern.strip_prefix("^[")?.strip_suffix('$')?.split_once(']')?;
        let (least, most) = match repetition {
            "" => (1, 1),
            "+" => (1, usize::MAX),
            "*" => (0, usize::MAX),
            counts => {
                let counts = counts.strip_prefix('{')?.strip_suffix('}')?;
                match counts.split_once(',') {
                    None => (counts.parse().ok()?, counts.parse().ok()?),
                    Some((least, "")) => (least.parse().ok()?, usize::MAX),
                    Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
                }
            }
        };
        Some(Self { class: class_of(class.as_bytes())?, least, most })
    }

    #[inline]
    fn is_match(&self, text: &str) -> bool {
        let is_in_class =
            |&byte: &u8| 1_u128.checked_shl(byte.into()).is_some_and(|bit| self.class & bit != 0);
        (self.least..=self.most).contains(&text.len()) && text.as_bytes().iter().all(is_in_class)
    }
}

/// The characters of a class that consists of letters, digits, `_` and ranges of them only.
fn class_of(mut class: &[u8]) -> Option<u128> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut bits = 0;
    while let [first, rest @ ..] = class {
        let (last, rest) = match rest {
            [b'-', last, rest @ ..] => (last, rest),
            rest => (first, rest),
        };
        if !is_plain(first) || !is_plain(last) {
            return None;
        }
        bits |= (*first..=*last).fold(0, |bits, byte| bits | 1 << byte);
        class = rest;
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_and_codes_need_no_engine() {
        for pattern in
            ["^[0-9]{1,20}$", "^[A-Z]+$", "^[a-zA-Z0-9_]*$", "^[0-9a-f]{32}$", "^[0-9]{3,}$", "^[ab]$"]
        {
            assert!(Pattern::compile(pattern).unwrap().run.is_some(), "{pattern}");
        }
        for pattern in
            ["[0-9]+", "^[^0-9]+$", r"^[\d]+$", "^[0-9]+|a$", "^[0-9]+?$", "^[a-]$", "^[.]$", "^[é]$"]
        {
            assert!(Pattern::compile(pattern).unwrap().run.is_none(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn with_and_without_an_engine_the_same_matches(
            class in "[a-c0-2_Z-]{1,5}",
            repetition in r"\+|\*||\{[0-3]\}|\{[0-2],[2-4]?\}",
            texts in prop::collection::vec("[a-d0-3_Z\\-\u{e9}\\n]{0,6}", 1..20),
        ) {
            let Ok(pattern) = Pattern::compile(&format!("^[{class}]{repetition}$")) else { return Ok(()) };
            for text in texts {
                prop_assert_eq!(pattern.is_match(&text), pattern.regex.is_match(&text), "{} {:?}", pattern.as_str(), text);
            }
        }
    }
}
