//! Records that can never be read: why, and their copies in quarantine.

use base64_simd::STANDARD;
use bytes::Bytes;
use edge::lambda::events::{DataError, KinesisRecord};
use edge::store::{Attributes, Object, ObjectStore, StoreError};
use record_model::{DecodeError, RecordError};
use serde::Serialize;

use super::piece_place;
use crate::delivery::Position;

/// Version of the quarantine object's form.
const QUARANTINE_VERSION: u32 = 1;

/// A record, or one of an aggregate, that fails the same way each time.
#[derive(Debug)]
pub(crate) struct Poison {
    pub(crate) sub_sequence_number: Option<u64>,
    /// In base64.
    payload: String,
    pub(crate) reason: Reason,
}

/// Why, without any text of the record.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reason {
    /// A short stable word.
    pub(crate) kind: &'static str,
    message: String,
}

impl Poison {
    /// The Kinesis record as it came, whatever it holds.
    pub(crate) fn whole(record: &KinesisRecord<'_>, reason: Reason) -> Self {
        let payload = record.data.map(|data| data.text().into_owned()).unwrap_or_default();
        Self { sub_sequence_number: None, payload, reason }
    }

    /// The Kinesis record as it came, since the one record of its aggregate that is at fault can't be taken out.
    pub(crate) fn of_aggregate(record: &KinesisRecord<'_>, sub: Option<u64>, reason: Reason) -> Self {
        Self { sub_sequence_number: sub, ..Self::whole(record, reason) }
    }

    /// What one record of an aggregate, or a piece of a message, holds.
    pub(crate) fn part(sub_sequence_number: Option<u64>, payload: &[u8], reason: Reason) -> Self {
        Self { sub_sequence_number, payload: STANDARD.encode_to_string(payload), reason }
    }

    /// Keeps a copy. Nothing of the attempt is in it, so that one of an earlier attempt serves as well.
    pub(crate) async fn quarantine<S: ObjectStore>(
        &self,
        store: &S,
        data_set: &str,
        position: &Position<'_>,
        partition_key: &str,
    ) -> Result<(), StoreError> {
        let position = position.of_sub(self.sub_sequence_number);
        let object = QuarantineObject {
            version: QUARANTINE_VERSION,
            id: position.to_string(),
            stream: position.stream,
            shard_id: position.shard_id,
            sequence_number: position.sequence_number,
            sub_sequence_number: self.sub_sequence_number,
            partition_key,
            arrived_at_ms: position.arrived_at_ms,
            reason: &self.reason,
            payload_base64: &self.payload,
        };
        // Texts and numbers: nothing in it can fail.
        let body = serde_json::to_vec(&object).unwrap_or_default();
        let attributes =
            Attributes { content_type: Some("application/json".to_owned()), ..Attributes::default() };
        store.create(&position.quarantine_key(data_set), Bytes::from(body), &attributes).await.map(drop)
    }
}

/// Every kept piece as the record it was.
pub(crate) async fn quarantine_pieces<S: ObjectStore>(
    store: &S,
    data_set: &str,
    pieces: &[Object],
    reason: &Reason,
) -> Result<(), StoreError> {
    for piece in pieces {
        let Some((position, partition_key)) = piece_place::read(&piece.head.attributes) else { continue };
        let poison = Poison::part(position.sub_sequence_number, &piece.body, reason.clone());
        poison.quarantine(store, data_set, &position, &partition_key).await?;
    }
    Ok(())
}

#[derive(Serialize)]
struct QuarantineObject<'a> {
    version: u32,
    id: String,
    stream: &'a str,
    shard_id: &'a str,
    sequence_number: &'a str,
    sub_sequence_number: Option<u64>,
    partition_key: &'a str,
    arrived_at_ms: i64,
    reason: &'a Reason,
    payload_base64: &'a str,
}

impl Reason {
    pub(crate) fn of_data(error: DataError) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }

    pub(crate) fn of_decoding(error: &DecodeError) -> Self {
        Self { kind: error.kind(), message: edge::logging::chain(error) }
    }

    pub(crate) fn of_record(error: &RecordError) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }

    pub(crate) fn new(kind: &'static str, message: &'static str) -> Self {
        Self { kind, message: message.to_owned() }
    }

    pub(crate) fn of_error(kind: &'static str, error: &dyn std::error::Error) -> Self {
        Self { kind, message: edge::logging::chain(error) }
    }
}
