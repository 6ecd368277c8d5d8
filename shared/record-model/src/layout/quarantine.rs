//! Keys of records that were put aside.

use super::{Hour, Position, RecordName, hour_and_name, under};
use crate::keys::hash_key;

const ROOT: &str = "quarantine";
const SOURCE: &str = "source=";

/// A record that was put aside, named after its origin. Putting the same record aside again gives the same
/// key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuarantineKey<'a> {
    /// The consumer read it from a stream.
    Stream {
        /// Name of the data set.
        data_set: &'a str,
        /// When the record arrived.
        hour: Hour,
        /// The Kinesis record.
        record: RecordName<'a>,
        /// Place in an aggregate; `None` where the record is not aggregated or the whole aggregate was put
        /// aside.
        sub_sequence_number: Option<u64>,
    },
    /// The producer read it from a source and could not put it on the stream.
    Source {
        /// Name of the data set.
        data_set: &'a str,
        /// Hash of the source and its version.
        source: u128,
        /// Place in the source.
        position: u64,
        /// Hash of the payload, since all pieces of one record have the same position.
        content: u32,
    },
}

impl<'a> QuarantineKey<'a> {
    /// The key of the record at `position`.
    pub fn of_stream(data_set: &'a str, position: &Position<'a>) -> Self {
        Self::Stream {
            data_set,
            hour: Hour::of_ms(position.arrived_at_ms),
            record: RecordName::of(position),
            sub_sequence_number: position.sub_sequence_number,
        }
    }

    /// The key of a record of `source` at `position` that holds this payload. A position in another version
    /// of the source means another record.
    pub fn of_source(
        data_set: &'a str,
        source: &str,
        version: Option<&str>,
        position: u64,
        payload_base64: &str,
    ) -> Self {
        let source = hash_key(&format!("{source} {}", version.unwrap_or_default()));
        let [.., a, b, c, d] = (hash_key(payload_base64) >> 96).to_be_bytes();
        let content = u32::from_be_bytes([a, b, c, d]);
        Self::Source { data_set, source, position, content }
    }

    /// What the keys of a data set begin with.
    pub fn prefix(data_set: &str) -> String {
        format!("{ROOT}/{data_set}/")
    }

    /// The key.
    pub fn key(&self) -> String {
        match self {
            Self::Stream { data_set, hour, record, sub_sequence_number } => {
                let sub = sub_sequence_number.map(|sub| format!("-{sub}")).unwrap_or_default();
                format!("{ROOT}/{data_set}/{hour}/{record}{sub}.json")
            }
            Self::Source { data_set, source, position, content } => {
                format!("{ROOT}/{data_set}/{SOURCE}{source:032x}/{position:020}-{content:08x}.json")
            }
        }
    }

    /// Reads a key that [`key`](Self::key) writes.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (data_set, rest) = under(key, ROOT)?;
        let rest = rest.strip_suffix(".json")?;
        let read = if rest.starts_with(SOURCE) {
            Self::parse_source(data_set, rest)?
        } else {
            Self::parse_stream(data_set, rest)?
        };
        (read.key() == key).then_some(read)
    }

    fn parse_stream(data_set: &'a str, rest: &'a str) -> Option<Self> {
        let (hour, name) = hour_and_name(rest)?;
        let (record, sub) = RecordName::split(name)?;
        let sub_sequence_number =
            if sub.is_empty() { None } else { Some(sub.strip_prefix('-')?.parse().ok()?) };
        Some(Self::Stream { data_set, hour, record, sub_sequence_number })
    }

    fn parse_source(data_set: &'a str, rest: &str) -> Option<Self> {
        let (source, name) = rest.strip_prefix(SOURCE)?.split_once('/')?;
        let (position, content) = name.split_once('-')?;
        Some(Self::Source {
            data_set,
            source: u128::from_str_radix(source, 16).ok()?,
            position: position.parse().ok()?,
            content: u32::from_str_radix(content, 16).ok()?,
        })
    }
}
