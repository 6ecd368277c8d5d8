//! Keeps failed records with what a replay needs: the original bytes, the position and the reason.
//!
//! Firehose keeps the bytes of a failed record under its error prefix, but has no place there for the rest.
//! An invocation with failures therefore writes one object, named by its [`ReasonsKey`], with a [`PutAside`]
//! line for each failed record. A retry of the invocation has the same id and finds the object there. The
//! answer does not depend on the object: if it can't be written, that is logged and counted.

use crate::Failed;
use bytes::Bytes;
use edge::lambda::events::{FirehoseEvent, FirehoseRecord};
use edge::store::{Attributes, ObjectStore, StoreError};
use record_model::layout::ReasonsKey;
use record_model::put_aside::{Origin, PutAside, Reason};
use std::cell::OnceCell;
use std::time::Duration;

/// Time reserved, before the invocation's deadline, for sending the answer.
const DEADLINE_MARGIN: Duration = Duration::from_secs(2);

/// The bucket for failed records. Its client is made when the first one comes.
pub struct Failures<S> {
    connect: Box<dyn Fn() -> Result<S, StoreError>>,
    store: OnceCell<S>,
}

/// Why a batch's failures could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FailuresError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a failed record has no JSON form")]
    Form(#[from] serde_json::Error),
    #[error("no time left to keep failed records, {0:?} before the deadline")]
    Late(Duration),
}

impl<S: ObjectStore> Failures<S> {
    /// Makes a keeper that connects by calling `connect`.
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
        let writing = self.store()?.create(&key, Bytes::from(lines(event, failed)?), &attributes);
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

/// Where they are kept; `None` if nothing failed.
fn key(data_set: &str, event: &FirehoseEvent<'_>, failed: &[Failed]) -> Option<String> {
    let first = event.records.get(failed.first()?.index)?;
    let id = event.invocation_id.map(|id| id.text()).unwrap_or_default();
    Some(ReasonsKey::of(data_set, &id, &first.record_id.text(), first.arrived_at_ms).key())
}

fn lines(event: &FirehoseEvent<'_>, failed: &[Failed]) -> Result<Vec<u8>, serde_json::Error> {
    let stream = event.source_stream().unwrap_or_default();
    let mut out = Vec::new();
    for Failed { index, failure } in failed {
        let Some(record) = event.records.get(*index) else { continue };
        let put_aside = PutAside {
            origin: origin(record, &stream),
            reason: Reason {
                kind: failure.kind().into(),
                field: failure.field().map(Into::into),
                message: failure.to_string().into(),
            },
            // The data as the event had it, whether it is base64 or not.
            payload_base64: record.data.map(|data| data.text()).unwrap_or_default(),
        };
        out.append(&mut put_aside.to_json()?);
        out.push(b'\n');
    }
    Ok(out)
}

/// The place of a record. If the source is not a stream, only Firehose's own id is set.
fn origin<'a>(record: &FirehoseRecord<'a>, stream: &'a str) -> Origin<'a> {
    let position = record.position().unwrap_or_default();
    Origin::Stream {
        stream: stream.into(),
        shard_id: position.shard_id.text(),
        sequence_number: position.sequence_number.text(),
        sub_sequence_number: position.subsequence_number,
        partition_key: position.partition_key.text(),
        arrived_at_ms: record.arrived_at_ms,
        record_id: Some(record.record_id.text()),
    }
}
