//! Keeps records that no stream accepts in the bucket.

use base64_simd::STANDARD;
use edge::BoxError;
use edge::ingest::{Quarantine, Rejected};
use edge::store::{Attributes, ObjectStore};
use record_model::layout::QuarantineKey;
use record_model::put_aside::{Origin, PutAside, Reason};

/// Keeps one object for each record, named after the record's place in its source, so that an object of an
/// earlier run serves as well.
pub(crate) struct BucketQuarantine<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) data_set: &'a str,
    pub(crate) source: &'a str,
    /// The version of the source. The same position in another version means another record.
    pub(crate) source_version: Option<&'a str>,
    pub(crate) stream: &'a str,
}

impl<S: ObjectStore> Quarantine for BucketQuarantine<'_, S> {
    async fn put(&self, rejected: Rejected) -> Result<(), BoxError> {
        let Rejected { payload, position, records, kind, message } = rejected;
        let Self { store, data_set, source, source_version, stream } = *self;
        let payload_base64 = STANDARD.encode_to_string(&payload);
        let key = QuarantineKey::of_source(data_set, source, source_version, position, &payload_base64).key();
        tracing::error!(position, records, kind, error = message, "record put aside");
        let put_aside = PutAside {
            origin: Origin::Source {
                stream: stream.into(),
                source: source.into(),
                source_version: source_version.map(Into::into),
                position,
                records,
            },
            reason: Reason { kind: kind.into(), field: None, message: message.into() },
            payload_base64: payload_base64.into(),
        };
        let body = put_aside.to_json()?;
        let attributes =
            Attributes { content_type: Some("application/json".to_owned()), ..Attributes::default() };
        store.create(&key, body.into(), &attributes).await?;
        Ok(())
    }
}
