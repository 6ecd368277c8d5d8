//! The objects that a run has written, and the lines in them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use edge::store::ObjectStore as _;
use record_model::{Content, Decoder, Limits};
use serde_json::{Value, json};

use super::shared::Shared;
use crate::aws::kinesis::store::blocking;
use crate::page::answer::{Answer, Refusal};
use crate::page::query::Query;
use crate::page::scene::Scene;
use crate::page::watch::objects::Written;

/// The largest object that is read, in bytes. The limit holds for the stored bytes and for the decompressed ones.
pub(super) const MAX_BYTES: u64 = 16 << 20;
/// The most bytes of a line that are shown.
const MAX_LINE_BYTES: usize = 16 << 10;

/// `GET /api/objects`
pub(super) async fn list(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    let (bucket, prefix) = (query.text("bucket"), query.text("prefix").unwrap_or_default());
    let (before, limit) = (query.number("before")?, query.limit(100, 500)?);
    let wants = |written: &Written| {
        bucket.is_none_or(|bucket| bucket == &*written.bucket) && written.key.starts_with(prefix)
    };
    Ok(Json(shared.scene.watch.look(|seen| {
        let newest = &seen.objects.newest;
        let mut found = newest.before(before).filter(|(_, written)| wants(written));
        let items: Vec<Value> = found.by_ref().take(limit).map(|(seq, written)| item(seq, written)).collect();
        let last = items.last().and_then(|item| item.get("seq")).and_then(Value::as_u64);
        let before = found.next().and(last).map(|last| last.to_string());
        json!({ "items": items, "before": before, "kept": newest.kept(), "dropped": newest.dropped() })
    })))
}

fn item(seq: u64, written: &Written) -> Value {
    json!({
        "seq": seq,
        "at_ms": written.at_ms,
        "bucket": &*written.bucket,
        "key": written.key,
        "bytes": written.bytes,
        "kind": written.key.split('/').next(),
    })
}

/// `GET /api/object`
pub(super) async fn one(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    let (bucket, key) = (query.needed("bucket")?.to_owned(), query.needed("key")?.to_owned());
    let from = usize::try_from(query.number("from")?.unwrap_or(0)).unwrap_or(usize::MAX);
    let limit = query.limit(100, 500)?;
    let stored = read(&shared.scene, &bucket, &key).await?;
    let bytes = stored.len();
    let answer = blocking(move || {
        let (opened, is_whole) = opened(&stored);
        let Ok(text) = std::str::from_utf8(&opened) else {
            return json!({ "lines": [], "from": 0, "next": null, "cut": false, "binary": true });
        };
        let mut lines = text.lines().skip(from);
        let shown: Vec<String> = lines.by_ref().take(limit).map(shown).collect();
        let next = lines.next().map(|_| from + shown.len());
        json!({ "lines": shown, "from": from, "next": next, "cut": !is_whole, "binary": false })
    });
    let mut answer = answer.await;
    if let Some(members) = answer.as_object_mut() {
        members.insert("bucket".to_owned(), json!(bucket));
        members.insert("key".to_owned(), json!(key));
        members.insert("bytes".to_owned(), json!(bytes));
    }
    Ok(Json(answer))
}

fn shown(line: &str) -> String {
    let end = line.floor_char_boundary(MAX_LINE_BYTES);
    let more = if end < line.len() { "…" } else { "" };
    format!("{}{more}", line.get(..end).unwrap_or_default())
}

/// Reads an object as it is stored. One over `MAX_BYTES` is refused.
pub(super) async fn read(scene: &Scene, bucket: &str, key: &str) -> Result<Bytes, Refusal> {
    let store = scene.bucket(bucket)?;
    let no_object = || Refusal::not_found(format!("bucket {bucket} has no object {key}"));
    let head = store.head(key).await.map_err(|error| Refusal::failed(&error))?.ok_or_else(no_object)?;
    if head.size > MAX_BYTES {
        return Err(Refusal::conflict(format!(
            "object {key} has {} bytes, at most {MAX_BYTES} are shown",
            head.size
        )));
    }
    let object = store.get(key).await.map_err(|error| Refusal::failed(&error))?;
    Ok(object.ok_or_else(no_object)?.body)
}

/// Decompresses an object if it is gzip or zstd. Returns its content, and whether that is complete. An object that
/// can't be decompressed, or would exceed the limit, is returned as it is stored.
pub(super) fn opened(stored: &Bytes) -> (Bytes, bool) {
    let most = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
    let limits = Limits { record_bytes_out: most, batch_bytes_out: most, ..Limits::default() };
    let mut opened = None;
    let decoded = Decoder::new(limits).decode(stored, &mut |object| {
        if let Ok(Content::Payload(payload)) = object.content {
            opened = Some(Bytes::copy_from_slice(payload));
        }
    });
    match opened {
        Some(opened) if decoded.is_ok() => (opened, true),
        _ => (stored.clone(), decoded.is_ok()),
    }
}
