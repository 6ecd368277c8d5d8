//! `PutRecord` and `PutRecords`.

use std::sync::Arc;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use template::ACCOUNT;

use super::check::Checks;
use super::error::{ApiError, INTERNAL, THROTTLED};
use super::kinesis::{Kinesis, now};
use super::target::Target;
use super::wire::Blob;
use crate::aws::kinesis::store::{Entry, Now, Stream, Written};

const MAX_RECORDS: usize = 500;
const MAX_PARTITION_KEY_CHARS: usize = 256;
const MAX_REQUEST_RECORD_BYTES: usize = 10 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRecords {
    #[serde(flatten)]
    target: Target,
    records: Option<Vec<PutEntry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRecord {
    #[serde(flatten)]
    target: Target,
    sequence_number_for_ordering: Option<String>,
    data: Option<Blob>,
    partition_key: Option<String>,
    explicit_hash_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEntry {
    data: Option<Blob>,
    partition_key: Option<String>,
    explicit_hash_key: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRecordsAnswer {
    failed_record_count: usize,
    records: Vec<PutAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_type: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "PascalCase")]
enum PutAnswer {
    Written { shard_id: Arc<str>, sequence_number: String },
    Failed { error_code: &'static str, error_message: String },
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRecordAnswer {
    shard_id: Arc<str>,
    sequence_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_type: Option<&'static str>,
}

/// An entry that AWS would take.
struct Checked<'a> {
    entry: Entry<'a>,
    bytes: usize,
}

pub(super) fn put_records(kinesis: &Kinesis, request: &PutRecords) -> Result<PutRecordsAnswer, ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.required(request.records.as_ref(), "records");
    let records = request.records.as_deref().unwrap_or_default();
    if request.records.is_some() {
        checks.count(records.len(), "records", (1, MAX_RECORDS));
    }
    for (number, record) in (1..).zip(records.iter().take(MAX_RECORDS)) {
        record.check(&mut checks, &format!("records.{number}.member."));
    }
    checks.end()?;
    let stream = kinesis.usable(request.target.name()?)?;
    let entries = checked(&stream, records, |number| format!("records.{number}.member.data"))?;
    let outcomes = put(kinesis, &stream, &entries, now())?;
    let failed = outcomes.iter().filter(|outcome| matches!(outcome, PutAnswer::Failed { .. })).count();
    Ok(PutRecordsAnswer {
        failed_record_count: failed,
        records: outcomes,
        encryption_type: encryption(&stream),
    })
}

pub(super) fn put_record(kinesis: &Kinesis, request: PutRecord) -> Result<PutRecordAnswer, ApiError> {
    let PutRecord { target, sequence_number_for_ordering, data, partition_key, explicit_hash_key } = request;
    let entry = PutEntry { data, partition_key, explicit_hash_key };
    let mut checks = Checks::default();
    target.check(&mut checks);
    entry.check(&mut checks, "");
    checks.digits(sequence_number_for_ordering.as_ref(), "sequenceNumberForOrdering");
    checks.end()?;
    let stream = kinesis.usable(target.name()?)?;
    if let Some(number) = &sequence_number_for_ordering {
        check_ordering(&stream, number)?;
    }
    let entries = checked(&stream, std::slice::from_ref(&entry), |_| "data".to_owned())?;
    match put(kinesis, &stream, &entries, now())?.pop() {
        Some(PutAnswer::Written { shard_id, sequence_number }) => {
            Ok(PutRecordAnswer { shard_id, sequence_number, encryption_type: encryption(&stream) })
        }
        Some(PutAnswer::Failed { error_message, .. }) => Err(ApiError::new(THROTTLED, error_message)),
        None => Err(ApiError::invalid("no record was put")),
    }
}

/// Checks that the number belongs to the stream. Nothing more is needed, since numbers grow within a shard in
/// any case.
fn check_ordering(stream: &Stream, number: &str) -> Result<(), ApiError> {
    use crate::aws::kinesis::store::SequenceNumber;
    let is_of_stream = SequenceNumber::parse(number)
        .and_then(|number| stream.with(|stream| stream.origin.place(number)))
        .is_some();
    if is_of_stream {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {} under account {ACCOUNT} is invalid.",
        stream.with(|stream| stream.name.clone())
    )))
}

fn encryption(stream: &Stream) -> Option<&'static str> {
    stream.with(|stream| stream.settings.key.is_some()).then_some("KMS")
}

impl PutEntry {
    fn check(&self, checks: &mut Checks, place: &str) {
        checks.required(self.data.as_ref(), &format!("{place}data"));
        let member = format!("{place}partitionKey");
        checks.required(self.partition_key.as_ref(), &member);
        checks.length(self.partition_key.as_ref(), &member, (1, MAX_PARTITION_KEY_CHARS));
        checks.digits(self.explicit_hash_key.as_ref(), &format!("{place}explicitHashKey"));
    }
}

/// The entries, if their sizes and hash keys are those that the stream takes.
fn checked<'a>(
    stream: &Stream,
    entries: &'a [PutEntry],
    member: impl Fn(usize) -> String,
) -> Result<Vec<Checked<'a>>, ApiError> {
    let limit = stream.with(|stream| stream.settings.max_record_kib);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(1024);
    let mut checks = Checks::default();
    let mut checked = Vec::with_capacity(entries.len());
    for (number, entry) in (1..).zip(entries) {
        let (Some(Blob(data)), Some(partition_key)) = (&entry.data, &entry.partition_key) else { continue };
        // This counts data before base64 and the partition key, as AWS does.
        let bytes = data.len() + partition_key.len();
        checks.size(bytes, &member(number), limit);
        let hash_key = hash_key(entry.explicit_hash_key.as_deref(), partition_key)?;
        checked.push(Checked { entry: Entry { hash_key, partition_key, data }, bytes });
    }
    checks.end()?;
    let total: usize = checked.iter().map(|entry| entry.bytes).sum();
    if entries.len() > 1 && total > MAX_REQUEST_RECORD_BYTES {
        return Err(ApiError::invalid(format!(
            "Records size {total} bytes exceeds the limit of {MAX_REQUEST_RECORD_BYTES} bytes"
        )));
    }
    Ok(checked)
}

fn hash_key(explicit: Option<&str>, partition_key: &str) -> Result<u128, ApiError> {
    match explicit {
        None => Ok(u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into())),
        Some(decimal) => decimal.parse().map_err(|_| {
            ApiError::invalid(format!(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was \
                 {decimal}"
            ))
        }),
    }
}

/// Puts what the throttle lets through. If the file system refuses all of them, the whole call fails.
fn put(
    kinesis: &Kinesis,
    stream: &Stream,
    entries: &[Checked<'_>],
    now: Now,
) -> Result<Vec<PutAnswer>, ApiError> {
    let throttled: Vec<_> = entries.iter().map(|entry| kinesis.throttled(stream, entry, now)).collect();
    let admitted = entries.iter().zip(&throttled).filter(|(_, throttled)| throttled.is_none());
    let admitted: Vec<_> = admitted.map(|(checked, _)| checked.entry).collect();
    let held_back = entries.iter().zip(&throttled).filter(|(_, throttled)| throttled.is_some());
    stream.tell_refused(held_back.map(|(checked, _)| &checked.entry), THROTTLED);
    let outcome = stream.put(&admitted, now)?;
    let failed = admitted.iter().zip(&outcome.written).filter(|(_, written)| written.is_none());
    stream.tell_refused(failed.map(|(entry, _)| entry), INTERNAL);
    let refused = outcome.error.map(ApiError::from);
    if let Some(error) = &refused
        && outcome.written.iter().all(Option::is_none)
    {
        tracing::warn!(error = error.message, "no record of a put was written");
        return Err(error.clone());
    }
    let message = refused.map_or_else(String::new, |error| error.message);
    let mut written = outcome.written.into_iter();
    let answer = |throttled: Option<String>| match throttled {
        Some(error_message) => PutAnswer::Failed { error_code: THROTTLED, error_message },
        None => match written.next().flatten() {
            Some(Written { shard, number }) => {
                PutAnswer::Written { shard_id: shard, sequence_number: number.to_string() }
            }
            None => PutAnswer::Failed { error_code: INTERNAL, error_message: message.clone() },
        },
    };
    Ok(throttled.into_iter().map(answer).collect())
}

impl Kinesis {
    /// Why a record is not taken, if its shard has taken enough for now.
    fn throttled(&self, stream: &Stream, checked: &Checked<'_>, now: Now) -> Option<String> {
        let throttle = self.throttle.as_ref()?;
        let shard = stream.route(checked.entry.hash_key)?;
        let (name, origin) = stream.with(|stream| (stream.name.clone(), stream.origin));
        let is_taken = throttle.takes_record((origin, shard), checked.bytes, now);
        (!is_taken).then(|| super::throttle::message(shard, &name))
    }
}
