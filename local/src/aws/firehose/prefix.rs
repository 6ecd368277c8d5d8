//! Firehose's prefix expressions: `!{timestamp:…}`, `!{firehose:…}` and `!{partitionKeyFromLambda:…}`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

/// Longest prefix, in characters of the evaluated text.
const MAX_CHARS: usize = 512;
/// What Firehose appends to a prefix that names no time.
const DEFAULT_TIME: &str = "!{timestamp:yyyy/MM/dd/HH/}";

/// Why a prefix is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// `!{` without `}`.
    #[error("prefix {prefix:?} has an unclosed !{{")]
    Unclosed {
        /// The prefix.
        prefix: String,
    },
    /// A namespace or name that there is not, or not in this place.
    #[error("prefix {prefix:?} has the expression {expression:?}, which is not known here")]
    Unknown {
        /// The prefix.
        prefix: String,
        /// What is between `!{` and `}`.
        expression: String,
    },
    /// A letter of a time pattern that is not read here.
    #[error(
        "prefix {prefix:?} has the time pattern {pattern:?}; yyyy, yy, MM, dd, HH, mm and ss are read here"
    )]
    Time {
        /// The prefix.
        prefix: String,
        /// The pattern.
        pattern: String,
    },
    /// An error prefix has to tell the kinds of errors apart.
    #[error("error output prefix {prefix:?} has no !{{firehose:error-output-type}}")]
    NoErrorType {
        /// The prefix.
        prefix: String,
    },
}

/// A parsed prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prefix(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// A `strftime` format.
    Time(String),
    RandomString,
    ErrorOutputType,
    PartitionKey(String),
}

/// What a prefix is evaluated with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    /// Arrival of the oldest record.
    pub(super) at_ms: i64,
    pub(super) error_output_type: &'a str,
    pub(super) partition_keys: &'a BTreeMap<String, String>,
}

impl Prefix {
    /// The prefix of delivered objects.
    pub(super) fn of_objects(text: &str) -> Result<Self, PrefixError> {
        let prefix = Self::parse(text)?;
        if prefix.names_the_error_type() {
            let expression = "firehose:error-output-type".to_owned();
            return Err(PrefixError::Unknown { prefix: text.to_owned(), expression });
        }
        prefix.with_time()
    }

    /// The prefix of error objects; without one of its own it is made from the other.
    pub(super) fn of_errors(text: &str, objects: &str) -> Result<Self, PrefixError> {
        if text.is_empty() {
            return Self::parse(&format!("{objects}!{{firehose:error-output-type}}/"))?.with_time();
        }
        let prefix = Self::parse(text)?;
        if prefix.names_the_error_type() {
            return prefix.with_time();
        }
        Err(PrefixError::NoErrorType { prefix: text.to_owned() })
    }

    fn names_the_error_type(&self) -> bool {
        self.0.contains(&Segment::ErrorOutputType)
    }

    fn with_time(mut self) -> Result<Self, PrefixError> {
        if !self.0.iter().any(|segment| matches!(segment, Segment::Time(_))) {
            self.0.extend(Self::parse(DEFAULT_TIME)?.0);
        }
        Ok(self)
    }

    fn parse(text: &str) -> Result<Self, PrefixError> {
        let mut segments = Vec::new();
        let mut rest = text;
        while let Some((literal, from_expression)) = rest.split_once("!{") {
            let unclosed = || PrefixError::Unclosed { prefix: text.to_owned() };
            let (expression, after) = from_expression.split_once('}').ok_or_else(unclosed)?;
            segments.push(Segment::Literal(literal.to_owned()));
            segments.push(segment(expression, text)?);
            rest = after;
        }
        segments.push(Segment::Literal(rest.to_owned()));
        Ok(Self(segments))
    }

    /// The names of the partition keys it needs.
    pub(super) fn partition_keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::PartitionKey(name) => Some(name.as_str()),
            _ => None,
        })
    }

    pub(super) fn evaluate(&self, values: Values<'_>) -> String {
        let time = Timestamp::from_millisecond(values.at_ms).unwrap_or_default().to_zoned(TimeZone::UTC);
        let text: String = self
            .0
            .iter()
            .map(|segment| match segment {
                Segment::Literal(text) => text.clone(),
                Segment::Time(format) => time.strftime(format).to_string(),
                Segment::RandomString => random_string(),
                Segment::ErrorOutputType => values.error_output_type.to_owned(),
                Segment::PartitionKey(name) => values.partition_keys.get(name).cloned().unwrap_or_default(),
            })
            .collect();
        text.chars().take(MAX_CHARS).collect()
    }
}

fn segment(expression: &str, prefix: &str) -> Result<Segment, PrefixError> {
    match expression.split_once(':') {
        Some(("timestamp", pattern)) => time_format(pattern)
            .map(Segment::Time)
            .ok_or_else(|| PrefixError::Time { prefix: prefix.to_owned(), pattern: pattern.to_owned() }),
        Some(("firehose", "random-string")) => Ok(Segment::RandomString),
        Some(("firehose", "error-output-type")) => Ok(Segment::ErrorOutputType),
        Some(("partitionKeyFromLambda", name)) if !name.is_empty() => {
            Ok(Segment::PartitionKey(name.to_owned()))
        }
        _ => Err(PrefixError::Unknown { prefix: prefix.to_owned(), expression: expression.to_owned() }),
    }
}

/// A pattern of Java's `DateTimeFormatter` as `strftime` writes it; none for letters that are not read here.
fn time_format(pattern: &str) -> Option<String> {
    let mut format = String::new();
    for (index, part) in pattern.split('\'').enumerate() {
        // Every second part is quoted: literal text.
        if index % 2 == 1 {
            format.push_str(&part.replace('%', "%%"));
            continue;
        }
        let mut letters = part.chars().peekable();
        while let Some(letter) = letters.next() {
            let mut run = 1;
            while letters.next_if_eq(&letter).is_some() {
                run += 1;
            }
            match (letter, run) {
                ('y' | 'u', 4) => format.push_str("%Y"),
                ('y' | 'u', 2) => format.push_str("%y"),
                ('M', 2) => format.push_str("%m"),
                ('d', 2) => format.push_str("%d"),
                ('H', 2) => format.push_str("%H"),
                ('m', 2) => format.push_str("%M"),
                ('s', 2) => format.push_str("%S"),
                ('%', _) => format.push_str(&"%%".repeat(run)),
                (letter, _) if letter.is_ascii_alphabetic() => return None,
                (literal, _) => format.extend(std::iter::repeat_n(literal, run)),
            }
        }
    }
    Some(format)
}

fn random_string() -> String {
    Uuid::new_v4().simple().to_string().chars().take(11).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(prefix: &str, expected: &str) {
        let partition_keys = BTreeMap::from([("district".to_owned(), "3".to_owned())]);
        let values = Values {
            at_ms: 1_767_323_045_000,
            error_output_type: "processing-failed",
            partition_keys: &partition_keys,
        };
        assert_eq!(Prefix::of_objects(prefix).unwrap().evaluate(values), expected);
    }

    #[test]
    fn expressions_are_evaluated_at_the_oldest_arrival() {
        check("typed/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/", "typed/dt=2026-01-02/hour=03/");
        check("a/!{timestamp:'year='yyyy'/'}x", "a/year=2026/x");
        check("d=!{partitionKeyFromLambda:district}/!{timestamp:mmss}", "d=3/0405");
    }

    #[test]
    fn a_prefix_without_a_time_gets_one() {
        check("raw/", "raw/2026/01/02/03/");
        check("", "2026/01/02/03/");
    }

    #[test]
    fn an_error_prefix_has_to_name_the_kind_of_error() {
        assert!(matches!(Prefix::of_errors("failed/", ""), Err(PrefixError::NoErrorType { .. })));
        let made = Prefix::of_errors("", "raw/").unwrap();
        let values =
            Values { at_ms: 0, error_output_type: "processing-failed", partition_keys: &BTreeMap::new() };
        assert_eq!(made.evaluate(values), "raw/processing-failed/1970/01/01/00/");
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_text() {
        for prefix in
            ["!{timestamp:EEE}", "!{timestamp:yyyy", "!{what:ever}", "!{firehose:error-output-type}"]
        {
            assert!(Prefix::of_objects(prefix).is_err(), "{prefix}");
        }
    }
}
