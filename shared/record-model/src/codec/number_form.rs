//! How a file writes its numbers: `1.234,56` for what the stream has as `1234.56`.

use std::borrow::Cow;

/// The signs that a file writes its numbers with. `Default` is the stream's own form, `1234.56`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberForm {
    /// The sign before the decimals.
    pub decimal: char,
    /// The sign between groups of three digits, if there is one. A space stands for every narrow or no-break
    /// space too.
    pub thousands: Option<char>,
}

impl Default for NumberForm {
    fn default() -> Self {
        Self { decimal: '.', thousands: None }
    }
}

impl NumberForm {
    /// The number as the stream writes it; `None` if the text is not a number of this form. In the stream's
    /// own form any text is passed on, and the field's type judges it. A thousands sign must stand before
    /// each group of three digits or before none, so that `1.5` is not taken for 15.
    pub fn plain(self, text: &str) -> Option<Cow<'_, str>> {
        if self == Self::default() || is_digits(text) {
            return Some(Cow::Borrowed(text));
        }
        let (sign, number) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.get(..1)?, rest),
            None => ("", text),
        };
        let (mantissa, exponent) = match number.find(['e', 'E']) {
            Some(at) => number.split_at_checked(at)?,
            None => (number, ""),
        };
        let (whole, decimals) = match mantissa.split_once(self.decimal) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (mantissa, None),
        };
        let digits = self.ungrouped(whole)?;
        let decimals = match decimals {
            Some(decimals) if is_digits(decimals) => [".", decimals].concat(),
            Some(_) => return None,
            None => String::new(),
        };
        Some(Cow::Owned([sign, &digits, &decimals, exponent].concat()))
    }

    /// The digits before the decimals, without their thousands signs.
    fn ungrouped(self, whole: &str) -> Option<String> {
        let is_between = |c: char| self.thousands.is_some_and(|sign| is_same(sign, c));
        let mut groups = whole.split(is_between);
        let first = groups.next().filter(|first| is_digits(first))?;
        let mut digits = first.to_owned();
        let mut is_grouped = false;
        for group in groups {
            if group.len() != 3 || !is_digits(group) {
                return None;
            }
            is_grouped = true;
            digits.push_str(group);
        }
        (!is_grouped || first.len() <= 3).then_some(digits)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a sign in a file is the one that a schema names. People type a space or an apostrophe, and
/// spreadsheets write the typographic variants of these.
fn is_same(named: char, found: char) -> bool {
    match named {
        ' ' => matches!(found, ' ' | '\u{A0}' | '\u{2009}' | '\u{202F}'),
        '\'' => matches!(found, '\'' | '\u{2019}'),
        _ => named == found,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GERMAN: NumberForm = NumberForm { decimal: ',', thousands: Some('.') };

    #[track_caller]
    fn check(form: NumberForm, text: &str, expected: Option<&str>) {
        assert_eq!(form.plain(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn decimal_commas_and_thousands_are_taken_out() {
        check(GERMAN, "13.215,30", Some("13215.30"));
        check(GERMAN, "-1.234.567", Some("-1234567"));
        check(GERMAN, "7", Some("7"));
        check(GERMAN, "0,5e3", Some("0.5e3"));
        check(NumberForm { decimal: '.', thousands: Some('\'') }, "1’234.5", Some("1234.5"));
        check(NumberForm { decimal: ',', thousands: Some(' ') }, "1\u{202F}234,5", Some("1234.5"));
    }

    #[test]
    fn a_number_of_another_form_is_none_of_this() {
        for text in ["1.5", "1.23,4", "1234.567", "1,2,3", ",5", "5,", "", "-", "12a", "1.234.56", ".123"] {
            check(GERMAN, text, None);
        }
        check(NumberForm { decimal: ',', thousands: None }, "1.234", None);
    }

    proptest! {
        #[test]
        fn what_is_written_with_separators_reads_as_the_number_it_was(
            number in any::<i64>(), decimals in "[0-9]{0,4}", thousands in prop::sample::select(vec![None, Some('.'), Some(' '), Some('\'')]),
        ) {
            let form = NumberForm { decimal: ',', thousands };
            let digits = number.unsigned_abs().to_string();
            let mut grouped = String::new();
            for (at, digit) in digits.chars().enumerate() {
                if at > 0 && (digits.len() - at) % 3 == 0 {
                    grouped.extend(thousands);
                }
                grouped.push(digit);
            }
            let sign = if number < 0 { "-" } else { "" };
            let tail = |sign: &str| if decimals.is_empty() { String::new() } else { format!("{sign}{decimals}") };
            let text = format!("{sign}{grouped}{}", tail(","));
            let plain = format!("{sign}{digits}{}", tail("."));
            let found = form.plain(&text);
            prop_assert_eq!(found.as_deref(), Some(&*plain));
        }
    }
}
