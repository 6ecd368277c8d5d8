//! The forms in which records are found: events, answers, failure objects, records that kinflow put aside, or
//! bare bytes.

use std::borrow::Cow;

use base64_simd::STANDARD;
use edge::lambda::events::{FirehoseEvent, FirehoseRecord, JsonText, KinesisEvent};
use record_model::put_aside::{Origin, PutAside};
use serde::Deserialize;

use edge::logging::chain;

/// One record that is to be decoded, and what its envelope says about it.
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
    let forms =
        [kinesis_event, firehose_event, get_records_answer, lambda_failure, firehose_failures, put_aside];
    let found = forms.iter().find_map(|form| form(bytes));
    found.unwrap_or_else(|| vec![Record::bare(Ok(bytes.to_vec()))])
}

impl Record {
    fn bare(data: Result<Vec<u8>, String>) -> Self {
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

/// What an event source mapping leaves in S3: metadata, with the event as text.
fn lambda_failure(bytes: &[u8]) -> Option<Vec<Record>> {
    #[derive(Deserialize)]
    struct Failure {
        payload: String,
    }
    let failure: Failure = serde_json::from_slice(bytes).ok()?;
    kinesis_event(failure.payload.as_bytes())
}

/// What a delivery stream leaves in S3: a line for each record that it could not transform or deliver.
fn firehose_failures(bytes: &[u8]) -> Option<Vec<Record>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Failure {
        raw_data: String,
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let failures: Result<Vec<Failure>, _> = lines.map(serde_json::from_slice).collect();
    let failures = failures.ok().filter(|failures| !failures.is_empty())?;
    Some(failures.iter().map(|failure| Record::bare(from_base64(&failure.raw_data))).collect())
}

/// What kinflow itself put aside: an object in quarantine, lines of reasons, or lines of a file beside a file
/// that was put.
fn put_aside(bytes: &[u8]) -> Option<Vec<Record>> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let records: Result<Vec<Record>, _> = lines.map(|line| PutAside::read(line).map(of_put_aside)).collect();
    records.ok().filter(|records| !records.is_empty())
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
