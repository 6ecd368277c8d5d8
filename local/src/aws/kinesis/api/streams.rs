//! Creates, deletes and lists streams.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use template::ACCOUNT;

use super::check::Checks;
use super::error::{ApiError, IN_USE, LIMIT_EXCEEDED};
use super::kinesis::{Kinesis, Status, now};
use super::page::{read_token, token};
use super::target::{Target, stream_arn};
use super::wire::Timestamp;
use crate::aws::kinesis::store::{NewStream, Settings, Stream};

/// The most open shards over all streams.
pub(super) const SHARD_LIMIT: usize = 10_000;
/// The number of shards with which a stream without a count begins.
const ON_DEMAND_SHARDS: u32 = 4;
const MAX_STREAMS: i64 = 10_000;
const DEFAULT_STREAMS: i64 = 100;
const MODES: [&str; 2] = ["PROVISIONED", "ON_DEMAND"];

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StreamModeDetails {
    pub(super) stream_mode: Option<String>,
}

impl StreamModeDetails {
    pub(super) fn of(settings: &Settings) -> Self {
        let mode = if settings.on_demand { "ON_DEMAND" } else { "PROVISIONED" };
        Self { stream_mode: Some(mode.to_owned()) }
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        checks.required(self.stream_mode.as_ref(), "streamModeDetails.streamMode");
        checks.word(self.stream_mode.as_ref(), "streamModeDetails.streamMode", &MODES);
    }

    pub(super) fn is_on_demand(&self) -> bool {
        self.stream_mode.as_deref() == Some("ON_DEMAND")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateStream {
    stream_name: Option<String>,
    shard_count: Option<i64>,
    stream_mode_details: Option<StreamModeDetails>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_kib: Option<i64>,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_mibps: Option<u32>,
    tags: Option<BTreeMap<String, String>>,
}

pub(super) fn create_stream(kinesis: &Kinesis, request: CreateStream) -> Result<(), ApiError> {
    let on_demand = request.stream_mode_details.as_ref().is_some_and(StreamModeDetails::is_on_demand);
    let mut checks = Checks::default();
    checks.required(request.stream_name.as_ref(), "streamName");
    checks.name(request.stream_name.as_ref(), "streamName");
    if let Some(mode) = &request.stream_mode_details {
        mode.check(&mut checks);
    }
    if !on_demand {
        checks.required(request.shard_count.as_ref(), "shardCount");
    }
    checks.range(request.shard_count, "shardCount", (1, 100_000));
    checks.range(request.max_record_kib, "maxRecordSizeInKiB", (1024, 10_240));
    checks.end()?;
    let shards = if on_demand { ON_DEMAND_SHARDS } else { bounded(request.shard_count) };
    let name = request.stream_name.unwrap_or_default();
    let defaults = Settings::default();
    let settings = Settings {
        on_demand,
        max_record_kib: request.max_record_kib.map_or(defaults.max_record_kib, |kib| bounded(Some(kib))),
        warm_mibps: request.warm_mibps,
        ..defaults
    };
    kinesis.check_shard_limit(shards as usize)?;
    let new = NewStream { name, shards, settings, tags: request.tags.unwrap_or_default() };
    if kinesis.store.create(&new, now())?.is_none() {
        let message = format!("Stream {} under account {ACCOUNT} already exists.", new.name);
        return Err(ApiError::new(IN_USE, message));
    }
    kinesis.enter(&new.name, Status::Creating);
    Ok(())
}

/// A number that was checked against its bounds.
pub(super) fn bounded(number: Option<i64>) -> u32 {
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or(1)
}

impl Kinesis {
    /// Whether as many shards more are within the account's limit.
    pub(super) fn check_shard_limit(&self, more: usize) -> Result<(), ApiError> {
        let open = |stream: &Arc<Stream>| stream.with(|stream| stream.open_shards().count());
        let names = self.store.names();
        let streams = names.iter().filter_map(|name| self.store.stream(name).ok());
        let open: usize = streams.map(|stream| open(&stream)).sum();
        if open + more <= SHARD_LIMIT {
            return Ok(());
        }
        Err(ApiError::new(
            LIMIT_EXCEEDED,
            format!(
                "This request would exceed the shard limit for the account {ACCOUNT}. Current shard count for the \
                 account: {open}. Limit: {SHARD_LIMIT}. Number of additional shards that would have resulted from \
                 this request: {more}."
            ),
        ))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteStream {
    #[serde(flatten)]
    target: Target,
    enforce_consumer_deletion: Option<bool>,
}

pub(super) fn delete_stream(kinesis: &Arc<Kinesis>, request: &DeleteStream) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.end()?;
    let name = request.target.name()?;
    let stream = kinesis.stream(name)?;
    let has_consumers = stream.with(|stream| !stream.consumers.is_empty());
    if has_consumers && request.enforce_consumer_deletion != Some(true) {
        let message = format!(
            "Stream {name} under account {ACCOUNT} has enhanced fan-out consumers registered. Deregister them, or set \
             EnforceConsumerDeletion."
        );
        return Err(ApiError::new(IN_USE, message));
    }
    if kinesis.status(name) != Status::Deleting {
        kinesis.delete_soon(name);
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListStreams {
    exclusive_start_stream_name: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListStreamsAnswer {
    stream_names: Vec<String>,
    has_more_streams: bool,
    stream_summaries: Vec<StreamSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
struct StreamSummary {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: StreamModeDetails,
    stream_creation_timestamp: Timestamp,
}

/// Lists streams by name.
pub(super) fn list_streams(kinesis: &Kinesis, request: ListStreams) -> Result<ListStreamsAnswer, ApiError> {
    let mut checks = Checks::default();
    checks.range(request.limit, "limit", (1, MAX_STREAMS));
    checks.name(request.exclusive_start_stream_name.as_ref(), "exclusiveStartStreamName");
    checks.end()?;
    let after: Option<String> = match request.next_token {
        Some(token) => read_token(&token)?,
        None => request.exclusive_start_stream_name,
    };
    let limit = usize::try_from(request.limit.unwrap_or(DEFAULT_STREAMS)).unwrap_or(1);
    let names = kinesis.store.names().into_iter();
    let mut names = names.filter(|name| after.as_ref().is_none_or(|after| name > after));
    let stream_names: Vec<_> = names.by_ref().take(limit).collect();
    let has_more_streams = names.next().is_some();
    let summaries = stream_names.iter().filter_map(|name| kinesis.summary(name));
    Ok(ListStreamsAnswer {
        stream_summaries: summaries.collect(),
        next_token: stream_names.last().filter(|_| has_more_streams).map(token).transpose()?,
        has_more_streams,
        stream_names,
    })
}

impl Kinesis {
    fn summary(&self, name: &str) -> Option<StreamSummary> {
        let stream = self.store.stream(name).ok()?;
        Some(stream.with(|stream| StreamSummary {
            stream_name: name.to_owned(),
            stream_arn: stream_arn(name),
            stream_status: self.status(name).as_str(),
            stream_mode_details: StreamModeDetails::of(&stream.settings),
            stream_creation_timestamp: Timestamp(stream.origin.created_ms),
        }))
    }
}
