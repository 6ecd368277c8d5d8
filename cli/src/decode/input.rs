//! The forms in which records are found: events, answers, failure objects, records that kinflow put aside, or
//! bare bytes.

use std::borrow::Cow;

use base64_simd::STANDARD;
use edge::lambda::events::{FirehoseEvent, FirehoseRecord, JsonText, KinesisEvent};
use record_model::put_aside::{Origin, PutAside};
use serde::Deserialize;

use edge::logging::chain;

use crate::failed::{self, GivenUp, Undelivered};

/// One record to be opened, and what its envelope says of it.
#[derive(Debug, PartialEq)]
pub(super) struct Record {
    pub(super) sequence_number: Option<String>,
    pub(super) sub_sequence_number: Option<u64>,
    pub(super) partition_key: Option<String>,
    /// The bytes, or why there are none.
    pub(super) data: Result<Vec<u8>, String>,
}

/// All records, in the first form that fits. Bytes that fit no form are one record.
pub(super) fn records(bytes: &[u8]) -> Vec<Record> {
    let forms = [kinesis_event, firehose_event, get_records_answer, given_up, undelivered, put_aside];
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let found = forms.iter().find_map(|form| form(text));
    found.unwrap_or_else(|| vec![Record::bare(Ok(bytes.to_vec()))])
}

impl Record {
    pub(super) fn bare(data: Result<Vec<u8>, String>) -> Self {
        Self { sequence_number: None, sub_sequence_number: None, partition_key: None, data }
    }
}

fn kinesis_event(bytes: &[u8]) -> Option<Vec<Record>> {
    let event = KinesisEvent::parse(bytes).ok()?;
    let records = event.records.iter().map(|record| Record {
        sequence_number: Some(record.sequence_number.to_owned()),
        sub_sequence_number: None,
        partition_key: Some(record.partition_key.to_string()),
        data: decoded(|out| record.decode_into(out)),
    });
    Some(records.collect())
}

fn firehose_event(bytes: &[u8]) -> Option<Vec<Record>> {
    let event = FirehoseEvent::parse(bytes).ok()?;
    Some(event.records.iter().map(firehose_record).collect())
}

fn firehose_record(record: &FirehoseRecord<'_>) -> Record {
    let position = record.position();
    let text = |text: JsonText<'_>| Some(text.text().into_owned()).filter(|text| !text.is_empty());
    Record {
        sequence_number: position.and_then(|position| text(position.sequence_number)),
        sub_sequence_number: position.and_then(|position| position.subsequence_number),
        partition_key: position.and_then(|position| text(position.partition_key)),
        data: decoded(|out| record.decode_into(out)),
    }
}

fn decoded<E: std::error::Error>(
    decode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<Vec<u8>, String> {
    let mut data = Vec::new();
    decode(&mut data).map_err(|error| chain(&error))?;
    Ok(data)
}

/// What `aws kinesis get-records` prints.
fn get_records_answer(bytes: &[u8]) -> Option<Vec<Record>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        records: Vec<Read>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Read {
        sequence_number: String,
        partition_key: Option<String>,
        data: String,
    }
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    let records = answer.records.into_iter().map(|read| Record {
        sequence_number: Some(read.sequence_number),
        sub_sequence_number: None,
        partition_key: read.partition_key,
        data: from_base64(&read.data),
    });
    Some(records.collect())
}

/// What an event source mapping leaves in S3: metadata, and the event as text.
fn given_up(bytes: &[u8]) -> Option<Vec<Record>> {
    let payload = GivenUp::read(bytes)?.payload?;
    kinesis_event(payload.as_bytes())
}

/// What a delivery stream leaves in S3: a line for each record it could not transform or deliver.
fn undelivered(bytes: &[u8]) -> Option<Vec<Record>> {
    let lines = Undelivered::read(bytes)?;
    Some(lines.iter().map(|line| Record::bare(from_base64(&line.raw_data))).collect())
}

/// What kinflow itself put aside: an object in quarantine, lines of reasons, or lines of a file beside a file
/// that was put.
fn put_aside(bytes: &[u8]) -> Option<Vec<Record>> {
    Some(failed::put_aside(bytes)?.into_iter().map(of_put_aside).collect())
}

fn of_put_aside(put_aside: PutAside<'_>) -> Record {
    let data = put_aside.payload().map_err(|error| chain(&error));
    match put_aside.origin {
        Origin::Stream { sequence_number, sub_sequence_number, partition_key, .. } => {
            let text = |text: Cow<'_, str>| Some(text.into_owned()).filter(|text| !text.is_empty());
            Record {
                sequence_number: text(sequence_number),
                sub_sequence_number,
                partition_key: text(partition_key),
                data,
            }
        }
        Origin::Source { .. } => Record::bare(data),
    }
}

fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode_to_vec(text).map_err(|_| format!("{} characters are not base64", text.len()))
}
