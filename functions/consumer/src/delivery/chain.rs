//! The step by which a chain of slots grows: the object that names the last slot is replaced by one that names the next.

use bytes::Bytes;
use edge::store::{Attributes, Created, ETag, ObjectStore, Replaced};

use super::DeliveryError;

/// Writes what names the next slot to `key`, unless another attempt has written there since `seen` was read.
pub(super) async fn move_on<S: ObjectStore>(
    store: &S,
    key: String,
    seen: Option<&ETag>,
    next: Vec<u8>,
) -> Result<(), DeliveryError> {
    let next = Bytes::from(next);
    let attributes =
        Attributes { content_type: Some("application/json".to_owned()), ..Attributes::default() };
    let moved = match seen {
        None => matches!(store.create(&key, next, &attributes).await?, Created::Written(_)),
        Some(etag) => matches!(store.replace(&key, etag, next, &attributes).await?, Replaced::Written(_)),
    };
    if moved { Ok(()) } else { Err(DeliveryError::Contended { key }) }
}
