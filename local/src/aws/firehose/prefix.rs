//! Firehose's prefix expressions: `!{timestamp:…}`, `!{firehose:…}` and `!{partitionKeyFromLambda:…}`.
//!
//! <https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html>

use std::collections::BTreeMap;

use jiff::Zoned;

use super::ids::Ids;
use super::java_time::Pattern;

/// The longest prefix, in characters of the evaluated text.
const MAX_CHARS: usize = 512;
/// What Firehose appends to a prefix without a time.
const DEFAULT_TIME: &str = "!{timestamp:yyyy/MM/dd/HH/}";

/// Why a prefix or a time zone is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// `!{` without `}`.
    #[error("prefix {prefix:?} has an unclosed !{{")]
    Unclosed {
        /// The prefix.
        prefix: String,
    },
    /// The namespace or name does not exist, or not in this place.
    #[error("prefix {prefix:?} has the expression {expression:?}, which is not known here")]
    Unknown {
        /// The prefix.
        prefix: String,
        /// What is between `!{` and `}`.
        expression: String,
    },
    /// A time pattern is not valid, or has a letter that is not supported here.
    #[error("prefix {prefix:?} has the time pattern {pattern:?}, expected one of Java's DateTimeFormatter")]
    Time {
        /// The prefix.
        prefix: String,
        /// The pattern.
        pattern: String,
    },
    /// An error prefix with expressions must distinguish the kinds of errors.
    #[error("error output prefix {prefix:?} has expressions, but not !{{firehose:error-output-type}}")]
    NoErrorType {
        /// The prefix.
        prefix: String,
    },
    /// A prefix with expressions needs an error prefix too.
    #[error("prefix {prefix:?} has expressions, so ErrorOutputPrefix is required")]
    NoErrorPrefix {
        /// The prefix.
        prefix: String,
    },
    /// A time zone that the time zone database does not have.
    #[error("custom time zone {name:?} is not known; expected a name such as Asia/Tokyo")]
    Zone {
        /// Its name.
        name: String,
    },
}

/// A parsed prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prefix(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Time(Pattern),
    RandomString,
    ErrorOutputType,
    PartitionKey(String),
}

/// The values with which a prefix is evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    /// Arrival of the oldest record, in the time zone of the delivery stream.
    pub(super) at: &'a Zoned,
    pub(super) error_output_type: &'a str,
    pub(super) partition_keys: &'a BTreeMap<String, String>,
}

impl Prefix {
    /// The prefix of delivered objects. If it names no time, the date is appended.
    pub(super) fn of_objects(text: &str) -> Result<Self, PrefixError> {
        let mut prefix = Self::parse(text)?;
        if prefix.0.contains(&Segment::ErrorOutputType) {
            let expression = "firehose:error-output-type".to_owned();
            return Err(PrefixError::Unknown { prefix: text.to_owned(), expression });
        }
        if !prefix.0.iter().any(|segment| matches!(segment, Segment::Time(_))) {
            prefix.0.extend(Self::parse(DEFAULT_TIME)?.0);
        }
        Ok(prefix)
    }

    /// The prefix of error objects. A given prefix is used unchanged. Without one it is `<Prefix><error
    /// output type>/<date>`, which is not allowed if the prefix of objects has expressions.
    pub(super) fn of_errors(text: &str, objects: &str) -> Result<Self, PrefixError> {
        if text.is_empty() {
            if Self::parse(objects)?.has_expressions() {
                return Err(PrefixError::NoErrorPrefix { prefix: objects.to_owned() });
            }
            return Self::parse(&format!("{objects}!{{firehose:error-output-type}}/{DEFAULT_TIME}"));
        }
        let prefix = Self::parse(text)?;
        if prefix.has_expressions() && !prefix.0.contains(&Segment::ErrorOutputType) {
            return Err(PrefixError::NoErrorType { prefix: text.to_owned() });
        }
        Ok(prefix)
    }

    /// The prefix of objects that are never written.
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    fn has_expressions(&self) -> bool {
        !self.0.iter().all(|segment| matches!(segment, Segment::Literal(_)))
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

    pub(super) fn evaluate(&self, values: Values<'_>, ids: &mut Ids) -> String {
        let text: String = self
            .0
            .iter()
            .map(|segment| match segment {
                Segment::Literal(text) => text.clone(),
                Segment::Time(pattern) => pattern.format(values.at),
                Segment::RandomString => ids.random_string(),
                Segment::ErrorOutputType => values.error_output_type.to_owned(),
                Segment::PartitionKey(name) => values.partition_keys.get(name).cloned().unwrap_or_default(),
            })
            .collect();
        text.chars().take(MAX_CHARS).collect()
    }
}

fn segment(expression: &str, prefix: &str) -> Result<Segment, PrefixError> {
    match expression.split_once(':') {
        Some(("timestamp", pattern)) => Pattern::parse(pattern)
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    fn evaluated(prefix: &Prefix) -> String {
        let partition_keys = BTreeMap::from([("district".to_owned(), "3".to_owned())]);
        let at = Timestamp::from_millisecond(1_767_323_045_000).unwrap().to_zoned(TimeZone::UTC);
        let values =
            Values { at: &at, error_output_type: "processing-failed", partition_keys: &partition_keys };
        prefix.evaluate(values, &mut Ids::new(0))
    }

    #[track_caller]
    fn check(prefix: &str, expected: &str) {
        assert_eq!(evaluated(&Prefix::of_objects(prefix).unwrap()), expected);
    }

    #[track_caller]
    fn check_errors(error_prefix: &str, prefix: &str, expected: &str) {
        assert_eq!(evaluated(&Prefix::of_errors(error_prefix, prefix).unwrap()), expected);
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
    fn an_error_prefix_stays_as_it_is_written() {
        check_errors("e/!{firehose:error-output-type}/", "raw/", "e/processing-failed/");
        check_errors("errors/", "raw/!{timestamp:yyyy}/", "errors/");
        check_errors("", "raw/", "raw/processing-failed/2026/01/02/03/");
    }

    #[test]
    fn an_error_prefix_is_required_where_the_prefix_has_expressions() {
        let refused = Prefix::of_errors("", "raw/!{timestamp:yyyy}/");
        assert!(matches!(refused, Err(PrefixError::NoErrorPrefix { .. })), "{refused:?}");
    }

    #[test]
    fn an_error_prefix_with_expressions_has_to_name_the_kind_of_error() {
        let refused = Prefix::of_errors("failed/!{timestamp:yyyy}/", "");
        assert!(matches!(refused, Err(PrefixError::NoErrorType { .. })), "{refused:?}");
    }

    #[test]
    fn a_random_string_has_eleven_characters_and_is_another_each_time() {
        let prefix =
            Prefix::of_objects("!{firehose:random-string}!{firehose:random-string}!{timestamp:HH}").unwrap();
        let text = evaluated(&prefix);
        assert_eq!(text.len(), 24);
        assert_ne!(text.get(..11), text.get(11..22));
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_text() {
        for prefix in ["!{timestamp:b}", "!{timestamp:yyyy", "!{what:ever}", "!{firehose:error-output-type}"]
        {
            assert!(Prefix::of_objects(prefix).is_err(), "{prefix}");
        }
    }
}
