//! Strings, enums and booleans.

use std::borrow::Cow;

use super::error::Problem;
use super::html::unescape;
use super::pattern::Pattern;

/// What a string field accepts, and how its texts are changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextRule {
    pub(crate) trim: bool,
    pub(crate) collapse_blanks: bool,
    pub(crate) unescape_html: bool,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    pub(crate) pattern: Option<Pattern>,
}

impl TextRule {
    /// Whether a text is only trimmed, and every text is accepted.
    #[inline]
    pub(crate) fn keeps_text(&self) -> bool {
        let changes = self.collapse_blanks || self.unescape_html;
        !changes && self.min_length.is_none() && self.max_length.is_none() && self.pattern.is_none()
    }

    /// Trims, collapses and unescapes as the rule says, then checks length and pattern.
    #[inline]
    pub(crate) fn read<'a>(&self, text: Cow<'a, str>) -> Result<Cow<'a, str>, Problem> {
        let mut text = if self.unescape_html { map(text, unescape) } else { text };
        if self.trim {
            text = map(text, |text| Cow::Borrowed(bare(text)));
        }
        if self.collapse_blanks {
            text = map(text, collapse);
        }
        self.check(&text)?;
        Ok(text)
    }

    /// Appends text in a form that [`TextRule::read`] reads back unchanged.
    pub(crate) fn write(&self, text: &str, out: &mut Vec<u8>) {
        if self.unescape_html && text.contains('&') {
            out.extend_from_slice(text.replace('&', "&amp;").as_bytes());
        } else {
            out.extend_from_slice(text.as_bytes());
        }
    }

    #[inline]
    fn check(&self, text: &str) -> Result<(), Problem> {
        if self.min_length.is_some() || self.max_length.is_some() {
            let found = text.chars().count();
            if let Some(limit) = self.min_length.filter(|&limit| found < limit) {
                return Err(Problem::TooShort { found, limit });
            }
            if let Some(limit) = self.max_length.filter(|&limit| found > limit) {
                return Err(Problem::TooLong { found, limit });
            }
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_match(text) => Err(Problem::PatternMismatch),
            _ => Ok(()),
        }
    }
}

/// A text without the blanks around it.
#[inline]
pub(crate) fn bare(text: &str) -> &str {
    let bare = text.trim_ascii();
    let may_be_blank = |byte: Option<&u8>| byte.is_some_and(|&byte| byte >= 0x80);
    let bytes = bare.as_bytes();
    if may_be_blank(bytes.first()) || may_be_blank(bytes.last()) { bare.trim_matches(is_blank) } else { bare }
}

/// Whether a character is a blank: one of ASCII's, or any space of Unicode, so that a no-break space from a
/// web page or a spreadsheet counts. Unicode's line and paragraph separators are text.
fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || (c >= '\u{A0}' && c.is_whitespace() && !matches!(c, '\u{2028}' | '\u{2029}'))
}

/// Applies a change to a text, and keeps the text borrowed if it is borrowed and unchanged.
#[inline]
fn map<'a>(text: Cow<'a, str>, change: impl for<'t> Fn(&'t str) -> Cow<'t, str>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => Cow::Owned(change(&text).into_owned()),
    }
}

/// Replaces each run of blanks by one space.
fn collapse(text: &str) -> Cow<'_, str> {
    let mut before = None;
    let is_changed = text.chars().any(|c| {
        let is_run = c == ' ' && before == Some(' ');
        before = Some(c);
        is_run || (is_blank(c) && c != ' ')
    });
    if !is_changed {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !is_blank(c) {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    Cow::Owned(out)
}

/// The values an enum field takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct EnumRule {
    pub(crate) values: Vec<String>,
    pub(crate) ignore_case: bool,
}

impl EnumRule {
    /// The value as the schema spells it.
    pub(crate) fn read(&self, text: &str) -> Result<&str, Problem> {
        let same = |value: &&String| *value == text || (self.ignore_case && value.eq_ignore_ascii_case(text));
        self.values.iter().find(same).map(String::as_str).ok_or(Problem::NotInEnum)
    }
}

/// The words for true and false.
#[derive(Debug, Clone)]
pub(crate) struct BooleanRule {
    pub(crate) true_tokens: Vec<String>,
    pub(crate) false_tokens: Vec<String>,
}

impl Default for BooleanRule {
    fn default() -> Self {
        Self { true_tokens: vec!["true".to_owned()], false_tokens: vec!["false".to_owned()] }
    }
}

impl BooleanRule {
    pub(crate) fn read(&self, text: &str) -> Result<bool, Problem> {
        let is_one_of = |tokens: &[String]| tokens.iter().any(|token| token == text);
        match (is_one_of(&self.true_tokens), is_one_of(&self.false_tokens)) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(Problem::NotBoolean),
        }
    }

    /// How the value is written in a row.
    pub(crate) fn token(&self, value: bool) -> &str {
        let tokens = if value { &self.true_tokens } else { &self.false_tokens };
        tokens.first().map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &TextRule, text: &str, expected: Result<&str, Problem>) {
        assert_eq!(rule.read(Cow::Borrowed(text)).as_deref().map_err(|problem| *problem), expected);
    }

    #[test]
    fn blanks_are_kept_unless_the_rule_says_otherwise() {
        check(&TextRule::default(), " 3C  ", Ok(" 3C  "));
        check(&TextRule { trim: true, ..TextRule::default() }, " 3C  ", Ok("3C"));
        check(&TextRule { collapse_blanks: true, ..TextRule::default() }, "459 PC  A\tB", Ok("459 PC A B"));
    }

    #[test]
    fn a_blank_is_every_space_of_unicode() {
        let trim = TextRule { trim: true, ..TextRule::default() };
        check(&trim, "\u{A0} 3C\u{202F}\u{3000}", Ok("3C"));
        check(&trim, " \u{A0}\u{2003} ", Ok(""));
        check(&trim, "é\u{A0}x", Ok("é\u{A0}x"));
        let collapse = TextRule { collapse_blanks: true, ..TextRule::default() };
        check(&collapse, "459\u{A0}PC \u{A0}A", Ok("459 PC A"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_but_blanks_is_around_a_bare_text(text in "[ \t\u{B}\u{85}\u{2028}\u{A0}\u{3000}aé]{0,8}") {
            proptest::prop_assert_eq!(bare(&text), text.trim_matches(is_blank));
        }
    }

    #[test]
    fn length_counts_characters_after_trimming() {
        let rule = TextRule { trim: true, min_length: Some(2), max_length: Some(3), ..TextRule::default() };
        check(&rule, " é日本 ", Ok("é日本"));
        check(&rule, " é ", Err(Problem::TooShort { found: 1, limit: 2 }));
        check(&rule, "abcd", Err(Problem::TooLong { found: 4, limit: 3 }));
    }

    #[test]
    fn an_enum_answers_with_the_schema_s_spelling() {
        let mut rule = EnumRule { values: vec!["female".to_owned()], ignore_case: false };
        assert_eq!(rule.read("Female"), Err(Problem::NotInEnum));
        rule.ignore_case = true;
        assert_eq!(rule.read("FEMALE"), Ok("female"));
    }
}
