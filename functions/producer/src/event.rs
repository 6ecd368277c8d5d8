//! The event of a schedule: which data set, from which source, in which form.

use edge::aws::SecretName;
use edge::put_records::{Compression, KeyRule, Packing};
use edge::sources::HttpApi;
use serde::Deserialize;

/// What one invocation is to do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the event's JSON")]
pub struct Event {
    /// A built-in schema's name, or `s3://bucket/key` of a TOML file.
    pub schema: String,
    /// Where the records are.
    pub source: SourceEvent,
    /// Where partition keys come from.
    #[serde(default)]
    pub key: KeyRule,
    /// How each record is compressed, where that makes it smaller.
    #[serde(default)]
    pub compression: Compression,
    /// Whether many records travel as one Kinesis record, as the KPL does it.
    #[serde(default)]
    pub aggregate: bool,
    /// Whether a record over the stream's limit is cut into chunks.
    #[serde(default)]
    pub chunks: bool,
    /// Whether records of one key stay in order.
    #[serde(default)]
    pub order_per_key: bool,
    /// Whether a line end follows each record, inside its compression.
    #[serde(default)]
    pub line_ends: bool,
    /// Records a second at most.
    #[serde(default)]
    pub records_per_s: Option<f64>,
    /// Whether each shard is sent no more than 1,000 records and 1 MiB a second.
    #[serde(default)]
    pub keep_shard_limits: bool,
    /// What happens when the source is not the one the cursor counts in.
    #[serde(default)]
    pub on_change: OnChange,
}

/// What happens when a source is written anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnChange {
    /// It is read from its start.
    #[default]
    StartOver,
    /// The invocation fails and nothing is read.
    Fail,
}

/// Where records come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum SourceEvent {
    /// An object, gzip or not.
    S3 {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
        /// What it holds.
        format: Format,
    },
    /// A file on a web server, gzip or not.
    Http {
        /// Where, by https.
        url: String,
        /// What it holds.
        format: Format,
    },
    /// A JSON API that answers in pages.
    HttpApi {
        /// How it is asked and answers.
        api: HttpApi,
        /// The bearer token it wants, if any.
        #[serde(default)]
        bearer: Option<Secret>,
    },
    /// Posts that match a query, by the X API v2's recent search.
    Tweets {
        /// In the words of that API.
        query: String,
        /// The bearer token.
        bearer: Secret,
        /// Another server that speaks the API, for tests.
        #[serde(default = "x_api")]
        base_url: String,
    },
    /// So many made-up records each run, never the same twice.
    MadeUp {
        /// Records of one run.
        count: u64,
        /// The same seed gives the same records.
        #[serde(default)]
        seed: u64,
    },
    /// So many numbers each run, counting on.
    Counter {
        /// Numbers of one run.
        count: u64,
    },
}

/// A secret, or a field of one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Where it is kept.
    pub name: SecretName,
    /// The member that is meant, where the secret is a JSON object.
    #[serde(default)]
    pub field: Option<String>,
}

fn x_api() -> String {
    "https://api.x.com".to_owned()
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Rows under a header.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// An event that asks for nothing a producer does.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Not the form of a producer's event.
    #[error("event is none a producer takes")]
    Form(#[from] serde_json::Error),
    /// A rate that is no rate.
    #[error("records_per_s is {found}, expected a number over 0")]
    Rate {
        /// The number given.
        found: f64,
    },
}

impl Event {
    /// Reads an event as the schedule sends it.
    pub fn parse(event: &[u8]) -> Result<Self, EventError> {
        let event: Self = serde_json::from_slice(event)?;
        match event.records_per_s {
            Some(found) if !(found.is_finite() && found > 0.0) => Err(EventError::Rate { found }),
            _ => Ok(event),
        }
    }

    /// The form records take in the stream.
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

    /// Whether partition keys mean something to whoever reads the stream.
    pub(crate) fn keys_matter(&self) -> bool {
        self.key != KeyRule::Random || self.aggregate || self.chunks || self.order_per_key
    }
}

impl SourceEvent {
    /// What its cursor is kept under.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::S3 { bucket, key, .. } => format!("s3://{bucket}/{key}"),
            Self::Http { url, .. } => url.clone(),
            Self::HttpApi { api, .. } => api.url.clone(),
            Self::Tweets { query, .. } => format!("tweets:{query}"),
            Self::MadeUp { seed, .. } => format!("made-up:{seed}"),
            Self::Counter { .. } => "counter".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_events_are_taken() {
        let event = br#"{"schema":"crime","source":{"type":"s3","bucket":"b","key":"k","format":"csv"}}"#;
        let event = Event::parse(event).unwrap();
        assert_eq!(
            event.source,
            SourceEvent::S3 { bucket: "b".into(), key: "k".into(), format: Format::Csv }
        );
        assert!(!event.keys_matter());
        let event = br#"{"schema":"tweets","source":{"type":"tweets","query":"rust",
            "bearer":{"name":{"ssm":"/x/bearer"}}}}"#;
        let source = Event::parse(event).unwrap().source;
        assert!(matches!(source, SourceEvent::Tweets { base_url, .. } if base_url == "https://api.x.com"));
        let event = br#"{"schema":"users","source":{"type":"made-up","count":500,"seed":7}}"#;
        assert_eq!(Event::parse(event).unwrap().source, SourceEvent::MadeUp { count: 500, seed: 7 });
    }

    #[test]
    fn every_setting_of_an_event_is_read() {
        let event = br#"{"schema":"crime","source":{"type":"counter","count":5},"key":{"field":"district"},
            "compression":"zstd","chunks":true,"order_per_key":true,"records_per_s":10,"on_change":"fail"}"#;
        let event = Event::parse(event).unwrap();
        assert_eq!(event.key, KeyRule::Field("district".into()));
        assert_eq!((event.compression, event.on_change), (Compression::Zstd, OnChange::Fail));
        assert!(event.keys_matter());
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
