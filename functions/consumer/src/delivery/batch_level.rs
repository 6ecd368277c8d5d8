//! `DELIVERY=batch`: an object is named after the start of its batch, and each later attempt that starts
//! there replaces it.

use bytes::Bytes;
use edge::store::{Attributes, Created, ObjectStore, Replaced};

use super::{Attempt, DeliveryError, MAX_TRIES};

/// Writes an object, over that of an earlier attempt but never over that of a later one.
///
/// This takes one request if nothing is there yet. `body` must differ from the body of every other attempt. Otherwise an
/// `ETag` could come back, and the late write of a dead attempt could win.
pub(crate) async fn write_latest<S: ObjectStore>(
    store: &S,
    key: &str,
    body: Bytes,
    mut attributes: Attributes,
    attempt: &Attempt,
) -> Result<(), DeliveryError> {
    attempt.sign(&mut attributes);
    for _ in 0..MAX_TRIES {
        if let Created::Written(_) = store.create(key, body.clone(), &attributes).await? {
            return Ok(());
        }
        let Some(there) = store.head(key).await? else { continue };
        if let Some(later) = attempt.is_superseded_by(&there.attributes) {
            return Err(DeliveryError::Superseded { later });
        }
        if let Replaced::Written(_) = store.replace(key, &there.etag, body.clone(), &attributes).await? {
            return Ok(());
        }
    }
    Err(DeliveryError::Contended { key: key.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge::store::InMemoryStore;

    fn attempt(started_at_ms: i64) -> Attempt {
        Attempt { request_id: format!("request-{started_at_ms}"), started_at_ms }
    }

    async fn write(store: &InMemoryStore, started_at_ms: i64) -> Result<(), DeliveryError> {
        let body = Bytes::from(format!("body of {started_at_ms}"));
        write_latest(store, "key", body, Attributes::default(), &attempt(started_at_ms)).await
    }

    #[tokio::test]
    async fn a_later_attempt_replaces_and_an_earlier_one_gives_way() {
        let store = InMemoryStore::new();
        write(&store, 1).await.unwrap();
        write(&store, 3).await.unwrap();
        let refused = write(&store, 2).await.unwrap_err();
        assert!(refused.is_transient());
        assert_eq!(store.objects()["key"].body, "body of 3");
    }
}
