//! What a member of a request may be, and AWS's words if it is not.

use std::fmt::Display;

use super::error::{ApiError, VALIDATION};

/// Collects what is wrong with a request, so that all of it is reported together.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<String>);

impl Checks {
    /// Ends the checks: the request is valid, or is refused.
    pub(super) fn end(self) -> Result<(), ApiError> {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let plural = if count == 1 { "" } else { "s" };
        let message = format!("{count} validation error{plural} detected: {}", self.0.join("; "));
        Err(ApiError::new(VALIDATION, message))
    }

    fn fail(&mut self, value: impl Display, member: &str, constraint: impl Display) {
        self.0.push(format!(
            "Value {value} at '{member}' failed to satisfy constraint: Member must {constraint}"
        ));
    }

    /// A member that has to be there.
    pub(super) fn required<T>(&mut self, value: Option<&T>, member: &str) {
        if value.is_none() {
            self.fail("null", member, "not be null");
        }
    }

    /// A text's length in characters.
    pub(super) fn length(&mut self, text: Option<&String>, member: &str, (least, most): (usize, usize)) {
        let Some(text) = text else { return };
        let length = text.chars().count();
        if length < least {
            self.fail(quoted(text), member, format!("have length greater than or equal to {least}"));
        } else if length > most {
            self.fail(quoted(text), member, format!("have length less than or equal to {most}"));
        }
    }

    /// A name of a stream, a shard or a consumer.
    pub(super) fn name(&mut self, text: Option<&String>, member: &str) {
        self.length(text, member, (1, 128));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if let Some(text) = text.filter(|text| !text.bytes().all(is_plain)) {
            self.fail(quoted(text), member, "satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
        }
    }

    /// A whole number within bounds.
    pub(super) fn range(&mut self, number: Option<i64>, member: &str, (least, most): (i64, i64)) {
        let Some(number) = number else { return };
        if number < least {
            self.fail(quoted(number), member, format!("have value greater than or equal to {least}"));
        } else if number > most {
            self.fail(quoted(number), member, format!("have value less than or equal to {most}"));
        }
    }

    /// One of some words.
    pub(super) fn word(&mut self, text: Option<&String>, member: &str, words: &[&str]) {
        if let Some(text) = text.filter(|text| !words.contains(&text.as_str())) {
            self.fail(quoted(text), member, format!("satisfy enum value set: [{}]", words.join(", ")));
        }
    }

    /// A hash key or a sequence number: digits without zeros in front.
    pub(super) fn digits(&mut self, text: Option<&String>, member: &str) {
        let is_number = |text: &&String| {
            text.bytes().all(|byte| byte.is_ascii_digit()) && (*text == "0" || !text.starts_with('0'))
        };
        if let Some(text) = text.filter(|text| text.is_empty() || text.len() > 129 || !is_number(text)) {
            self.fail(quoted(text), member, "satisfy regular expression pattern: 0|([1-9]\\d{0,128})");
        }
    }

    /// How many a list has.
    pub(super) fn count(&mut self, count: usize, member: &str, (least, most): (usize, usize)) {
        if count < least {
            self.fail("'[]'", member, format!("have length greater than or equal to {least}"));
        } else if count > most {
            self.fail(
                format!("'[{count} members]'"),
                member,
                format!("have length less than or equal to {most}"),
            );
        }
    }

    /// The bytes of a record.
    pub(super) fn size(&mut self, bytes: usize, member: &str, most: usize) {
        if bytes > most {
            let value = format!("'java.nio.HeapByteBuffer[pos=0 lim={bytes} cap={bytes}]'");
            self.fail(value, member, format!("have length less than or equal to {most}"));
        }
    }
}

fn quoted(value: impl Display) -> String {
    format!("'{value}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_told_at_once_in_the_words_of_aws() {
        let mut checks = Checks::default();
        checks.required(None::<&String>, "streamName");
        checks.range(Some(0), "limit", (1, 10_000));
        let error = checks.end().unwrap_err();
        assert_eq!(
            error.message,
            "2 validation errors detected: Value null at 'streamName' failed to satisfy constraint: Member must not \
             be null; Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal \
             to 1"
        );
    }

    #[test]
    fn digits_have_no_zeros_in_front() {
        for (text, is_number) in
            [("0", true), ("12", true), ("012", false), ("", false), ("1x", false), ("-1", false)]
        {
            let mut checks = Checks::default();
            checks.digits(Some(&text.to_owned()), "newStartingHashKey");
            assert_eq!(checks.end().is_ok(), is_number, "{text:?}");
        }
    }
}
