//! Failed records with what a replay needs: the original bytes, the position and the reason.
//!
//! Firehose keeps the bytes of a failed record under its error prefix, and has no place there for the rest. So an
//! invocation with failures writes `failed/<data set>/reasons/dt=YYYY-MM-DD/hour=HH/<invocation id>.ndjson`, by the hour
//! its first failed record arrived: one line a record. A retry of the invocation has the same id and finds the
//! object there. The answer does not depend on it: what can't be written is logged and counted.

use crate::Failed;
use bytes::Bytes;
use edge::lambda::events::{FirehoseEvent, FirehoseRecord};
use edge::store::{Attributes, ObjectStore, StoreError, hour_prefix};
use serde::Serialize;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::time::Duration;

/// Version of a line's form.
const VERSION: u32 = 1;
/// Left free before the invocation's deadline, to send the answer in.
const DEADLINE_MARGIN: Duration = Duration::from_secs(2);

/// The bucket for failed records; its client is made when the first one comes.
pub struct Failures<S> {
    connect: Box<dyn Fn() -> Result<S, StoreError>>,
    store: OnceCell<S>,
}

/// Why a batch's failures could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FailuresError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no time left to keep failed records, {0:?} before the deadline")]
    Late(Duration),
}

impl<S: ObjectStore> Failures<S> {
    /// Will connect by this.
    pub fn new(connect: impl Fn() -> Result<S, StoreError> + 'static) -> Self {
        Self { connect: Box::new(connect), store: OnceCell::new() }
    }

    /// Keeps the failed records of an event.
    pub(crate) async fn keep(
        &self,
        data_set: &str,
        event: &FirehoseEvent<'_>,
        failed: &[Failed],
        time_left: Duration,
    ) -> Result<(), FailuresError> {
        let Some(key) = key(data_set, event, failed) else { return Ok(()) };
        let attributes =
            Attributes { content_type: Some("application/x-ndjson".to_owned()), ..Attributes::default() };
        let writing = self.store()?.create(&key, Bytes::from(lines(event, failed)), &attributes);
        let written = tokio::time::timeout(time_left.saturating_sub(DEADLINE_MARGIN), writing).await;
        written.map_err(|_| FailuresError::Late(time_left))?.map(drop)?;
        Ok(())
    }

    fn store(&self) -> Result<&S, StoreError> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let store = (self.connect)()?;
        Ok(self.store.get_or_init(|| store))
    }
}

/// Where they are kept; none without a failure.
fn key(data_set: &str, event: &FirehoseEvent<'_>, failed: &[Failed]) -> Option<String> {
    let first = event.records.get(failed.first()?.index)?;
    let id = event.invocation_id.map(|id| id.text()).unwrap_or_default();
    let is_plain = |id: &str| id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    // Another sender's id may be anything; the first failed record is the same on a retry, too.
    let id = if !id.is_empty() && id.len() <= 64 && is_plain(&id) {
        id.into_owned()
    } else {
        format!("{:032x}", record_model::keys::hash_key(&first.record_id.text()))
    };
    Some(format!("failed/{data_set}/reasons/{}/{id}.ndjson", hour_prefix(first.arrived_at_ms)))
}

fn lines(event: &FirehoseEvent<'_>, failed: &[Failed]) -> Vec<u8> {
    let stream = event.source_stream().unwrap_or_default();
    let mut out = Vec::new();
    for Failed { index, failure } in failed {
        let Some(record) = event.records.get(*index) else { continue };
        let reason = Reason { kind: failure.kind(), field: failure.field(), message: failure.to_string() };
        // Texts and numbers, into memory: nothing in it can fail.
        if serde_json::to_writer(&mut out, &Line::new(record, &stream, reason)).is_ok() {
            out.push(b'\n');
        }
    }
    out
}

/// One failed record, in the words of the consumer's quarantine. Without a stream source the position is empty.
#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    record_id: Cow<'a, str>,
    stream: &'a str,
    shard_id: Cow<'a, str>,
    sequence_number: Cow<'a, str>,
    sub_sequence_number: Option<u64>,
    partition_key: Cow<'a, str>,
    arrived_at_ms: i64,
    reason: Reason<'a>,
    /// As it stood in the event, be it base64 or not.
    payload_base64: Cow<'a, str>,
}

/// Without any text of the record.
#[derive(Serialize)]
struct Reason<'a> {
    kind: &'static str,
    field: Option<&'a str>,
    message: String,
}

impl<'a> Line<'a> {
    fn new(record: &FirehoseRecord<'a>, stream: &'a str, reason: Reason<'a>) -> Self {
        let position = record.position().unwrap_or_default();
        Self {
            version: VERSION,
            record_id: record.record_id.text(),
            stream,
            shard_id: position.shard_id.text(),
            sequence_number: position.sequence_number.text(),
            sub_sequence_number: position.subsequence_number,
            partition_key: position.partition_key.text(),
            arrived_at_ms: record.arrived_at_ms,
            reason,
            payload_base64: record.data.map(|data| data.text()).unwrap_or_default(),
        }
    }
}
