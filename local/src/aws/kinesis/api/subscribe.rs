//! `SubscribeToShard`: sends what is on a shard and what comes, for five minutes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream as Events;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use super::check::Checks;
use super::error::{ApiError, IN_USE};
use super::event_stream::message;
use super::get::{ChildShard, RecordAnswer, children, millis_behind, records};
use super::kinesis::{Kinesis, now};
use super::starting_position::{StartingPosition, shard_of};
use super::wire::Format;
use crate::aws::kinesis::store::{Limit, NumberPlace, Records, Stream, blocking};
use crate::aws::stream::StreamError;

const LIFETIME: Duration = Duration::from_mins(5);
/// After this long without records, an event without records is sent.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// The most data of one event.
const EVENT: Limit = Limit { records: 10_000, bytes: 1 << 20 };

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SubscribeToShard {
    #[serde(rename = "ConsumerARN")]
    consumer_arn: Option<String>,
    shard_id: Option<String>,
    starting_position: Option<StartingPosition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SubscribeToShardEvent {
    records: Vec<RecordAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_sequence_number: Option<String>,
    millis_behind_latest: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    child_shards: Vec<ChildShard>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Refusal<'a> {
    message: &'a str,
}

/// A subscription at work.
pub(super) struct Subscription {
    stream: Arc<Stream>,
    consumer: String,
    shard: u32,
    counter: u64,
    format: Format,
    versions: watch::Receiver<u64>,
    taken_over: watch::Receiver<()>,
    until: Instant,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Going,
    Over,
}

pub(super) fn subscribe(kinesis: &Kinesis, format: Format, body: &[u8]) -> Result<Subscription, ApiError> {
    let request: SubscribeToShard = format.read(body)?;
    let mut checks = Checks::default();
    checks.required(request.consumer_arn.as_ref(), "consumerARN");
    checks.required(request.shard_id.as_ref(), "shardId");
    checks.name(request.shard_id.as_ref(), "shardId");
    checks.required(request.starting_position.as_ref(), "startingPosition");
    let position = request.starting_position.unwrap_or_default();
    position.check(&mut checks, "startingPosition.type");
    checks.end()?;
    let (name, consumer) = kinesis.consumer(request.consumer_arn.as_deref().unwrap_or_default())?;
    let stream = kinesis.usable(&name)?;
    let shard = shard_of(&stream, request.shard_id.as_deref().unwrap_or_default())?;
    let counter = position.counter(&stream, shard, now())?;
    let taken_over = kinesis.subscriptions.take((name, consumer.clone(), shard), now())?;
    let (versions, until) = (stream.versions(), Instant::now() + LIFETIME);
    Ok(Subscription {
        stream,
        consumer,
        shard,
        counter,
        format,
        versions,
        taken_over,
        until,
        state: State::New,
    })
}

impl Subscription {
    /// The messages of the answer.
    pub(super) fn into_events(self) -> impl Events<Item = Result<Bytes, Infallible>> + Send {
        futures::stream::unfold(self, |mut subscription| async move {
            let message = subscription.next().await?;
            Some((Ok(message.into()), subscription))
        })
    }

    async fn next(&mut self) -> Option<Vec<u8>> {
        match self.state {
            State::Over => return None,
            State::New => {
                self.state = State::Going;
                return Some(self.event("initial-response", &Nothing {}));
            }
            State::Going => {}
        }
        let sign_of_life = Instant::now() + SIGN_OF_LIFE;
        loop {
            self.versions.borrow_and_update();
            let found = match self.read().await {
                Ok(found) => found,
                Err(error) => return Some(self.refuse(&error)),
            };
            let is_over = found.is_end && found.records.is_empty();
            if is_over || !found.records.is_empty() || Instant::now() >= sign_of_life {
                return Some(self.found(found, is_over));
            }
            tokio::select! {
                _ = self.versions.changed() => {}
                _ = self.taken_over.changed() => {
                    return Some(self.refuse(&ApiError::new(IN_USE, "Another subscription took over.")));
                }
                () = tokio::time::sleep_until(sign_of_life) => {}
                () = tokio::time::sleep_until(self.until) => return None,
            }
        }
    }

    async fn read(&self) -> Result<Records, ApiError> {
        if self.taken_over.has_changed().is_err() {
            return Err(ApiError::new(IN_USE, "Another subscription took over."));
        }
        let is_registered = self.stream.with(|stream| stream.consumers.contains_key(&self.consumer));
        if !is_registered {
            return Err(StreamError::NotFound { stream: self.consumer.clone() }.into());
        }
        let (stream, shard, counter) = (Arc::clone(&self.stream), self.shard, self.counter);
        Ok(blocking(move || stream.read(shard, counter, EVENT)).await?)
    }

    fn found(&mut self, found: Records, is_over: bool) -> Vec<u8> {
        self.counter = found.next;
        if is_over {
            self.state = State::Over;
        }
        // The number before the next record, so that a subscription that continues after it misses nothing.
        let before = NumberPlace { shard: self.shard, counter: found.next.saturating_sub(1) };
        let millis_behind_latest = millis_behind(&found, now());
        let event = self.stream.with(|stream| SubscribeToShardEvent {
            child_shards: if is_over { children(stream, self.shard) } else { Vec::new() },
            continuation_sequence_number: (!is_over).then(|| stream.origin.number(before).to_string()),
            records: records(stream, self.shard, found.records),
            millis_behind_latest,
        });
        self.event("SubscribeToShardEvent", &event)
    }

    fn event(&self, kind: &str, payload: &impl Serialize) -> Vec<u8> {
        let headers = [
            (":message-type", "event"),
            (":event-type", kind),
            (":content-type", self.format.content_type()),
        ];
        message(&headers, &self.format.write(payload).unwrap_or_default())
    }

    fn refuse(&mut self, error: &ApiError) -> Vec<u8> {
        self.state = State::Over;
        let kind = match error.status {
            400 => error.code,
            _ => "InternalFailureException",
        };
        let headers = [
            (":message-type", "exception"),
            (":exception-type", kind),
            (":content-type", self.format.content_type()),
        ];
        message(&headers, &self.format.write(&Refusal { message: &error.message }).unwrap_or_default())
    }
}
