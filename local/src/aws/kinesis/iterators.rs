//! `GetShardIterator`: a time behind the last record, and who reads from where.

use axum::response::Response;
use ferrokinesis::sequence::{resolve_shard_id, shard_ix_to_hex};
use ferrokinesis::shard_iterator::decode_shard_iterator;
use serde_json::Value;

use super::gateway::{small_answer, with_body};
use super::request::Request;
use super::streams::{Streams, now_ms, seconds};

/// Where no record is as young as the time asked for, the next to come is meant: asks for LATEST then. A time in the
/// future is left as it is, and refused.
pub(super) async fn mend(streams: &Streams, request: &mut Request) {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(&request.body) else { return };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    if text("ShardIteratorType") != Some("AT_TIMESTAMP") {
        return;
    }
    let (Some(stream), Some(shard_id), Some(timestamp)) =
        (text("StreamName"), text("ShardId"), fields.get("Timestamp").and_then(Value::as_f64))
    else {
        return;
    };
    let Ok((_, index)) = resolve_shard_id(shard_id) else { return };
    let (from, to) = (format!("{}/", shard_ix_to_hex(index)), shard_ix_to_hex(index + 1));
    let found = streams.store.find_first_record_at_timestamp(stream, &from, &to, timestamp).await;
    if found.is_none() && timestamp <= seconds(now_ms()) {
        fields.remove("Timestamp");
        fields.insert("ShardIteratorType".to_owned(), "LATEST".into());
        request.body = Value::Object(fields).to_string().into();
    }
}

/// Notes the reader that an iterator was made for.
pub(super) async fn seen(streams: &Streams, response: Response) -> Response {
    let (parts, body) = small_answer(response).await;
    let iterator = serde_json::from_slice::<Value>(&body).ok();
    let iterator = iterator.as_ref().and_then(|answer| answer.get("ShardIterator")?.as_str());
    if let Some((_, stream, shard_id, sequence_number)) =
        iterator.and_then(|token| decode_shard_iterator(token).ok())
        && let Ok((_, index)) = resolve_shard_id(&shard_id)
    {
        streams.readers.moved(&stream, index, None, Some(&sequence_number));
    }
    with_body(parts, body)
}
