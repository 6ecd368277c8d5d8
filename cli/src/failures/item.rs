//! One record or batch that failed: who put it aside, why, and what it contains.

use std::borrow::Cow;

use clap::ValueEnum;
use edge::store::Listed;
use record_model::layout::{QuarantineKey, ReasonsKey};
use record_model::put_aside::{Origin, PutAside, Reason};
use serde::Serialize;

use super::reasons::Reasons;
use crate::failed::{Failed, GivenUp, Undelivered};

/// Who put a record or a batch aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum By {
    /// The consumer, into quarantine
    Consumer,
    /// A producer, into quarantine
    Producer,
    /// `kinflow put`, into a file beside its input
    Put,
    /// A delivery stream, because of its transform
    Transform,
    /// A delivery stream, because of its destination
    Delivery,
    /// An event source mapping: a batch that was tried for too long
    GivenUp,
}

/// A record or a batch that failed.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// The key of its object, or the path of its file.
    pub(crate) place: String,
    /// Its line there, counted from 1, if the object or file may have several.
    pub(crate) line: Option<usize>,
    pub(crate) by: By,
    /// Its data set. For a batch, this is its stream.
    pub(crate) data_set: String,
    pub(crate) reason: Why,
    /// The number of user records, as far as it is known.
    pub(crate) records: u64,
    /// When it was put aside, in milliseconds since 1970 UTC.
    pub(crate) at_ms: i64,
    pub(crate) content: Content,
}

/// The reason why it failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Why {
    /// A short word that stays the same in later versions.
    pub(crate) kind: String,
    pub(crate) field: Option<String>,
    /// One line, which contains no text of the record.
    pub(crate) message: String,
}

/// What failed.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Record(Record),
    Batch(Box<GivenUp>),
}

/// A record as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// The stream that it came from or was meant for. Empty if it is not known.
    pub(crate) stream: String,
    pub(crate) sequence_number: String,
    pub(crate) sub_sequence_number: Option<u64>,
    /// Empty if it is not known.
    pub(crate) partition_key: String,
    pub(crate) payload_base64: String,
}

/// The place of an object or a file, and when it was written.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) place: String,
    pub(crate) at_ms: i64,
}

impl From<Listed> for Source {
    fn from(listed: Listed) -> Self {
        Self { place: listed.key, at_ms: listed.modified_at_ms }
    }
}

impl Item {
    /// Reads everything in an object or a file. Returns `None` if nothing in it is a failure.
    pub(crate) fn all_of(source: &Source, bytes: &[u8], reasons: &mut Reasons) -> Option<Vec<Self>> {
        Some(match Failed::read(bytes)? {
            Failed::GivenUp(given_up) => vec![Self::given_up(source, *given_up)],
            Failed::PutAside(lines) => lines
                .into_iter()
                .enumerate()
                .map(|(line, read)| Self::put_aside(source, line, read))
                .collect(),
            Failed::Undelivered(lines) => {
                let item = |(line, read)| Self::undelivered(source, line, read, reasons);
                lines.into_iter().enumerate().map(item).collect()
            }
        })
    }

    pub(crate) fn given_up(source: &Source, given_up: GivenUp) -> Self {
        let batch = &given_up.batch;
        let message = format!(
            "batch of {} records of {} of {}, {} to {}, was tried {} times by {}",
            batch.batch_size,
            batch.shard_id,
            given_up.stream(),
            batch.start_sequence_number,
            batch.end_sequence_number,
            given_up.request_context.approximate_invoke_count,
            given_up.function(),
        );
        Self {
            place: source.place.clone(),
            line: None,
            by: By::GivenUp,
            data_set: given_up.stream().to_owned(),
            reason: Why { kind: given_up.request_context.condition.clone(), field: None, message },
            records: batch.batch_size,
            at_ms: source.at_ms,
            content: Content::Batch(Box::new(given_up)),
        }
    }

    fn put_aside(source: &Source, line: usize, read: PutAside<'_>) -> Self {
        let (by, data_set) = match QuarantineKey::parse(&source.place) {
            Some(QuarantineKey::Stream { data_set, .. }) => (By::Consumer, data_set.to_owned()),
            Some(QuarantineKey::Source { data_set, .. }) => (By::Producer, data_set.to_owned()),
            None => match (&read.origin, ReasonsKey::parse(&source.place)) {
                (_, Some(key)) => (By::Transform, key.data_set.to_owned()),
                (Origin::Stream { stream, .. }, None) => (By::Consumer, stream.clone().into_owned()),
                (Origin::Source { stream, .. }, None) => (By::Put, stream.clone().into_owned()),
            },
        };
        let reason = Why::of(read.reason);
        let (record, records) = record(read.origin, read.payload_base64.into_owned());
        let line = Some(line + 1).filter(|_| by != By::Consumer && by != By::Producer);
        let content = Content::Record(record);
        Self {
            place: source.place.clone(),
            line,
            by,
            data_set,
            reason,
            records,
            at_ms: source.at_ms,
            content,
        }
    }

    fn undelivered(source: &Source, line: usize, read: Undelivered<'_>, reasons: &mut Reasons) -> Self {
        // The templates write to failed/<data set>/<error type>/…
        let mut parts = source.place.split('/').skip_while(|part| *part != "failed").skip(1);
        let data_set = parts.next().unwrap_or_default().to_owned();
        let is_of_transform =
            parts.next().map_or(read.error_code.starts_with("Lambda."), |word| word == "processing-failed");
        let found = if is_of_transform {
            reasons.take(&data_set, read.arrival_timestamp, &read.raw_data)
        } else {
            None
        };
        let (reason, mut record) = found.unwrap_or_else(|| {
            let kind = read.error_code.into_owned();
            (Why { kind, field: None, message: read.error_message.into_owned() }, Record::default())
        });
        record.payload_base64 = read.raw_data.into_owned();
        Self {
            place: source.place.clone(),
            line: Some(line + 1),
            by: if is_of_transform { By::Transform } else { By::Delivery },
            data_set,
            reason,
            records: 1,
            at_ms: source.at_ms,
            content: Content::Record(record),
        }
    }

    /// Its name within its folder, which notes refer to.
    pub(crate) fn name(&self) -> String {
        let file = self.place.rsplit_once('/').map_or(&*self.place, |(_, file)| file);
        self.line.map_or_else(|| file.to_owned(), |line| format!("{file}#{line}"))
    }

    /// Its object or file, with the line if there may be several.
    pub(crate) fn at(&self) -> String {
        match self.line {
            Some(line) => format!("{}#{line}", self.place),
            None => self.place.clone(),
        }
    }
}

impl Why {
    pub(super) fn of(reason: Reason<'_>) -> Self {
        let Reason { kind, field, message } = reason;
        Self { kind: kind.into_owned(), field: field.map(Cow::into_owned), message: message.into_owned() }
    }
}

/// Returns a record of a stream or of a source, and the number of user records in it.
fn record(origin: Origin<'_>, payload_base64: String) -> (Record, u64) {
    match origin {
        Origin::Stream { stream, sequence_number, sub_sequence_number, partition_key, .. } => {
            let record = Record {
                stream: stream.into_owned(),
                sequence_number: sequence_number.into_owned(),
                sub_sequence_number,
                partition_key: partition_key.into_owned(),
                payload_base64,
            };
            (record, 1)
        }
        Origin::Source { stream, records, .. } => {
            let record = Record { stream: stream.into_owned(), payload_base64, ..Record::default() };
            (record, u64::from(records.max(1)))
        }
    }
}
