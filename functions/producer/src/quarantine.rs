//! Records no stream takes, kept in the bucket.

use base64_simd::STANDARD;
use edge::BoxError;
use edge::ingest::{Quarantine, Rejected};
use edge::store::{Attributes, ObjectStore};
use record_model::keys;
use serde::Serialize;

/// Version of the quarantine object's form.
const QUARANTINE_VERSION: u32 = 1;

/// One object for each record, named after its place in its source, so that one put aside by an
/// earlier run serves as well.
pub(crate) struct BucketQuarantine<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) data_set: &'a str,
    pub(crate) source: &'a str,
    /// The version of the source: a position means another record in another one.
    pub(crate) source_version: Option<&'a str>,
    pub(crate) stream: &'a str,
}

#[derive(Serialize)]
struct QuarantineObject<'a> {
    version: u32,
    id: String,
    stream: &'a str,
    source: &'a str,
    source_version: Option<&'a str>,
    position: u64,
    records: u32,
    reason: Reason<'a>,
    payload_base64: String,
}

#[derive(Serialize)]
struct Reason<'a> {
    kind: &'a str,
    message: &'a str,
}

impl<S: ObjectStore> Quarantine for BucketQuarantine<'_, S> {
    async fn put(&mut self, rejected: Rejected<'_>) -> Result<(), BoxError> {
        let Rejected { payload, position, records, kind, message } = rejected;
        let Self { store, source, source_version, stream, .. } = *self;
        let payload_base64 = STANDARD.encode_to_string(payload);
        let key = self.key(position, &payload_base64);
        tracing::error!(position, records, kind, error = message, "record put aside");
        let object = QuarantineObject {
            version: QUARANTINE_VERSION,
            id: format!("{source}:{position}"),
            stream,
            source,
            source_version,
            position,
            records,
            reason: Reason { kind, message },
            payload_base64,
        };
        // Texts and numbers: nothing in it can fail.
        let body = serde_json::to_vec(&object).unwrap_or_default();
        let attributes =
            Attributes { content_type: Some("application/json".to_owned()), ..Attributes::default() };
        store.create(&key, body.into(), &attributes).await?;
        Ok(())
    }
}

impl<S> BucketQuarantine<'_, S> {
    /// The pieces of one record have one position, so the key has a hash of what it holds as well.
    fn key(&self, position: u64, payload_base64: &str) -> String {
        let origin = format!("{} {}", self.source, self.source_version.unwrap_or_default());
        let (origin, content) = (keys::hash_key(&origin), keys::hash_key(payload_base64));
        let content = content >> 96;
        format!("quarantine/{}/source={origin:032x}/{position:020}-{content:08x}.json", self.data_set)
    }
}
