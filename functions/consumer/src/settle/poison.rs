//! Records that can never be read: the reason, and their copies in quarantine.

use base64_simd::STANDARD;
use bytes::Bytes;
use edge::lambda::events::{DataError, KinesisRecord};
use edge::store::{Attributes, Object, ObjectStore};
use record_model::layout::{Position, QuarantineKey};
use record_model::put_aside::{self, Origin, PutAside};
use record_model::{DecodeError, RecordError};

use super::piece_place;
use crate::delivery::DeliveryError;
use crate::read::Budget;

/// A record, or one of an aggregate, that always fails in the same way.
#[derive(Debug)]
pub(crate) struct Poison {
    pub(crate) sub_sequence_number: Option<u64>,
    /// The payload in base64.
    payload: String,
    pub(crate) reason: Reason,
}

/// Why, without any text of the record.
#[derive(Debug, Clone)]
pub(crate) struct Reason {
    /// A short stable word.
    pub(crate) kind: &'static str,
    message: String,
}

impl Poison {
    /// The Kinesis record as it came, whatever it contains.
    pub(crate) fn whole(record: &KinesisRecord<'_>, reason: Reason) -> Self {
        let payload = record.data.map(|data| data.text().into_owned()).unwrap_or_default();
        Self { sub_sequence_number: None, payload, reason }
    }

    /// The Kinesis record as it came, because the user record at fault can't be taken out of its aggregate.
    pub(crate) fn of_aggregate(record: &KinesisRecord<'_>, sub: Option<u64>, reason: Reason) -> Self {
        Self { sub_sequence_number: sub, ..Self::whole(record, reason) }
    }

    /// The content of one record of an aggregate, or of a piece of a message.
    pub(crate) fn part(sub_sequence_number: Option<u64>, payload: &[u8], reason: Reason) -> Self {
        Self { sub_sequence_number, payload: STANDARD.encode_to_string(payload), reason }
    }

    /// The memory that it takes, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.payload.len()
    }
}

/// Where poison goes.
pub(crate) struct Quarantine<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) data_set: &'a str,
}

impl<S> Clone for Quarantine<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Quarantine<'_, S> {}

impl<S: ObjectStore> Quarantine<'_, S> {
    /// Keeps a copy of what is poison at `position`. The copy contains nothing about the attempt, so a copy
    /// of an earlier attempt serves as well.
    pub(crate) async fn keep(
        &self,
        poison: &Poison,
        position: &Position<'_>,
        partition_key: &str,
    ) -> Result<(), DeliveryError> {
        let position = position.of_sub(poison.sub_sequence_number);
        let put_aside = PutAside {
            origin: Origin::of_stream(&position, partition_key),
            reason: poison.reason.written(),
            payload_base64: poison.payload.as_str().into(),
        };
        let body = Bytes::from(put_aside.to_json()?);
        let attributes =
            Attributes { content_type: Some("application/json".to_owned()), ..Attributes::default() };
        let key = QuarantineKey::of_stream(self.data_set, &position).key();
        self.store.create(&key, body, &attributes).await?;
        Ok(())
    }

    /// Keeps a copy of a piece, in the form of the record it was.
    pub(crate) async fn keep_piece(&self, piece: &Object, reason: &Reason) -> Result<(), DeliveryError> {
        let Some((position, partition_key)) = piece_place::read(&piece.head.attributes) else {
            tracing::error!("a piece of a message does not say where it came from, and stays where it is");
            return Ok(());
        };
        let poison = Poison::part(position.sub_sequence_number, &piece.body, reason.clone());
        self.keep(&poison, &position, &partition_key).await
    }
}

impl Reason {
    fn written(&self) -> put_aside::Reason<'_> {
        put_aside::Reason { kind: self.kind.into(), field: None, message: self.message.as_str().into() }
    }

    pub(crate) fn of_data(error: DataError) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }

    pub(crate) fn of_decoding(error: &DecodeError) -> Self {
        Self { kind: error.kind(), message: edge::logging::chain(error) }
    }

    pub(crate) fn of_record(error: &RecordError) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }

    /// The lines of one record exceed its share of the function's memory.
    pub(crate) fn line_bytes(budget: &Budget) -> Self {
        let message = format!("lines of the record may come to more than {} bytes", budget.lines_bytes);
        Self { kind: "line_bytes", message }
    }

    pub(crate) fn new(kind: &'static str, message: &'static str) -> Self {
        Self { kind, message: message.to_owned() }
    }

    pub(crate) fn of_error(kind: &'static str, error: &dyn std::error::Error) -> Self {
        Self { kind, message: edge::logging::chain(error) }
    }
}
