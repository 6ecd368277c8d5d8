//! The event of a schedule: which data set is fed, from which source, in which form.

use edge::put_records::{Compression, KeyRule, Packing};
use edge::sources::SourceSpec;
use serde::Deserialize;

/// What one invocation is to do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the event's JSON")]
pub struct Event {
    /// The name of a built-in schema, or `s3://bucket/key` of a TOML file.
    pub schema: String,
    /// Where the records are.
    pub source: SourceSpec,
    /// Where partition keys come from.
    #[serde(default)]
    pub key: KeyRule,
    /// How each record is compressed: where that makes it smaller, or with `line_ends` every one.
    #[serde(default)]
    pub compression: Compression,
    /// Whether many records travel as one Kinesis record, in the KPL's form.
    #[serde(default)]
    pub aggregate: bool,
    /// Whether a record over the stream's limit is cut into chunks.
    #[serde(default)]
    pub chunks: bool,
    /// Whether records with the same key stay in order.
    #[serde(default)]
    pub order_per_key: bool,
    /// Whether a line end follows each record, inside its compression.
    #[serde(default)]
    pub line_ends: bool,
    /// The most records a second.
    #[serde(default)]
    pub records_per_s: Option<f64>,
    /// Whether each shard is sent at most 1,000 records and 1 MiB a second.
    #[serde(default)]
    pub keep_shard_limits: bool,
    /// What happens if the source is not the one to which the cursor refers.
    #[serde(default)]
    pub on_change: OnChange,
}

/// What happens if a source was replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnChange {
    /// It is read from its start.
    #[default]
    StartOver,
    /// The invocation fails and nothing is read.
    Fail,
}

/// Why an event can't be used.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The event does not have the form of a producer's event.
    #[error("event isn't one that the producer understands")]
    Form(#[from] serde_json::Error),
    /// The rate is not a number above 0.
    #[error("records_per_s is {found}, expected a number over 0")]
    Rate {
        /// The number given.
        found: f64,
    },
}

impl Event {
    /// Reads an event in the form in which the schedule sends it.
    pub fn parse(event: &[u8]) -> Result<Self, EventError> {
        let event: Self = serde_json::from_slice(event)?;
        match event.records_per_s {
            Some(found) if !(found.is_finite() && found > 0.0) => Err(EventError::Rate { found }),
            _ => Ok(event),
        }
    }

    /// The form that records take in the stream.
    pub(crate) fn packing(&self) -> Packing {
        Packing {
            key: self.key.clone(),
            compression: self.compression,
            aggregate: self.aggregate,
            chunks: self.chunks,
            order_per_key: self.order_per_key,
            line_ends: self.line_ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge::sources::{Format, MadeUpSpec, ObjectSpec};

    #[test]
    fn the_shortest_events_are_taken() {
        let event = br#"{"schema":"crime","source":{"type":"s3","bucket":"b","key":"k","format":"csv"}}"#;
        let event = Event::parse(event).unwrap();
        assert_eq!(
            event.source,
            SourceSpec::S3(ObjectSpec { bucket: "b".into(), key: "k".into(), format: Format::Csv })
        );
        assert!(!event.packing().keys_matter());
        let event = br#"{"schema":"tweets","source":{"type":"tweets","query":"rust",
            "bearer":{"name":{"ssm":"/x/bearer"}}}}"#;
        let source = Event::parse(event).unwrap().source;
        assert!(matches!(source, SourceSpec::Tweets(tweets) if tweets.base_url == "https://api.x.com"));
        let event = br#"{"schema":"users","source":{"type":"made-up","count":500,"seed":7}}"#;
        assert_eq!(
            Event::parse(event).unwrap().source,
            SourceSpec::MadeUp(MadeUpSpec { count: 500, seed: 7 })
        );
    }

    #[test]
    fn every_setting_of_an_event_is_read() {
        let event = br#"{"schema":"crime","source":{"type":"counter","count":5},"key":{"field":"district"},
            "compression":"zstd","chunks":true,"order_per_key":true,"records_per_s":10,"on_change":"fail"}"#;
        let event = Event::parse(event).unwrap();
        assert_eq!(event.key, KeyRule::Field("district".into()));
        assert_eq!((event.compression, event.on_change), (Compression::Zstd, OnChange::Fail));
        assert!(event.packing().keys_matter());
    }

    #[test]
    fn an_event_that_is_none_is_told_in_one_line() {
        let events = [
            &b"not json"[..],
            b"{}",
            br#"{"schema":"crime","source":{"type":"ftp"}}"#,
            br#"{"schema":"crime","source":{"type":"counter","count":5},"kye":"random"}"#,
            br#"{"schema":"crime","source":{"type":"counter","count":5},"records_per_s":-1}"#,
        ];
        for event in events {
            let error = Event::parse(event).unwrap_err();
            assert!(!edge::logging::chain(&error).contains('\n'), "{error}");
        }
    }
}
