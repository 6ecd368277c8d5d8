//! Reads a Kinesis stream: its shards, iterators and records, in types of our own.

use std::error::Error;
use std::ops::RangeInclusive;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{ChildShard, Record, Shard as SdkShard, ShardIteratorType};
use bytes::Bytes;
use thiserror::Error as ThisError;

use super::error_class::Class;
use super::sdk_config::sdk_config;
use super::sdk_error::failure;
use super::{AwsCredentials, AwsSettings};

/// The time limit of one attempt. An answer of `GetRecords` has up to 10 MiB.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// A reader of any stream at one endpoint. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct StreamReader {
    client: Client,
}

/// A shard, as `ListShards` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The shard's id, such as `shardId-000000000000`.
    pub id: String,
    /// The shards from which this one came: none, one after a split, two after a merge.
    pub parents: Vec<String>,
    /// The hash keys whose records go to this shard.
    pub hash_keys: RangeInclusive<u128>,
    /// Whether the shard takes no more records.
    pub closed: bool,
}

/// Where reading a shard starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// The oldest record the stream still holds.
    TrimHorizon,
    /// Just after the newest record.
    Latest,
    /// The record with this sequence number.
    At(&'a str),
    /// The record after this sequence number.
    After(&'a str),
    /// The first record that arrived then or later, in Unix milliseconds.
    Timestamp(i64),
}

/// A record as `GetRecords` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRecord {
    /// The record's place in the shard.
    pub sequence_number: String,
    /// 1 to 256 Unicode characters.
    pub partition_key: String,
    /// The bytes that were put, without base64.
    pub data: Bytes,
    /// Approximate arrival, Unix milliseconds.
    pub arrived_at_ms: i64,
}

/// One answer of `GetRecords`, or one event of a subscription. An empty one is normal and is not the end of the shard.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The records in order of their sequence numbers.
    pub records: Vec<ReadRecord>,
    /// The iterator for the next call (empty in a subscription); `None` at the end of a closed shard.
    pub next_iterator: Option<String>,
    /// The number up to which the shard was read, where the service says it although no record came.
    pub read_to: Option<String>,
    /// How far the page is behind the newest record.
    pub millis_behind_latest: i64,
    /// The shards that continue this one, once it has ended.
    pub children: Vec<String>,
}

/// Why a call failed; [`ReaderError::is_retryable`] says whether to call again.
#[derive(Debug, ThisError)]
pub enum ReaderError {
    /// A limit was exceeded: 5 reads or 2 MiB a second for a shard, or 10 MiB in one answer.
    #[error("{operation} was throttled")]
    Throttled {
        /// The API's name of the call.
        operation: &'static str,
    },
    /// An iterator lives for 5 minutes. Take a new one after the last sequence number that was read.
    #[error("the shard iterator expired")]
    ExpiredIterator,
    /// The stream or shard does not exist.
    #[error("{operation} found no such stream or shard")]
    NotFound {
        /// The API's name of the call.
        operation: &'static str,
    },
    /// The service or the connection failed in another way.
    #[error("{operation} failed with {code}")]
    Failed {
        /// The API's name of the call.
        operation: &'static str,
        /// The service's error code, or `no answer`.
        code: String,
        /// Whether the same call may go through later.
        is_retryable: bool,
        /// The client's own error.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ReaderError {
    /// Whether the same call may go through later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled { .. } => true,
            Self::Failed { is_retryable, .. } => *is_retryable,
            Self::ExpiredIterator | Self::NotFound { .. } => false,
        }
    }
}

impl StreamReader {
    /// Makes a client; no request is sent yet.
    pub fn connect(aws: &AwsSettings) -> Self {
        Self { client: Client::new(&sdk_config(aws, aws.kinesis_endpoint_url.as_deref(), ATTEMPT_TIMEOUT)) }
    }

    /// Makes a reader of the streams at `endpoint_url`, with keys that every endpoint on this machine
    /// accepts.
    pub fn local(endpoint_url: &str) -> Self {
        Self::connect(&AwsSettings {
            region: "us-east-1".to_owned(),
            credentials: Some(AwsCredentials::local()),
            kinesis_endpoint_url: Some(endpoint_url.to_owned()),
            ..AwsSettings::default()
        })
    }

    /// Asks for a stream of `shards` shards. It is ready once [`StreamReader::is_active`] says so.
    pub async fn create_stream(&self, stream: &str, shards: u32) -> Result<(), ReaderError> {
        let shards = i32::try_from(shards).unwrap_or(i32::MAX);
        let call = self.client.create_stream().stream_name(stream).shard_count(shards);
        call.send().await.map_err(|error| failed("CreateStream", error))?;
        Ok(())
    }

    /// Whether the stream takes records.
    pub async fn is_active(&self, stream: &str) -> Result<bool, ReaderError> {
        let call = self.client.describe_stream_summary().stream_name(stream);
        let answer = call.send().await.map_err(|error| failed("DescribeStreamSummary", error))?;
        Ok(answer
            .stream_description_summary()
            .is_some_and(|summary| summary.stream_status().as_str() == "ACTIVE"))
    }

    /// Returns all shards of the stream, open and closed, in the order in which the service lists them.
    pub async fn shards(&self, stream: &str) -> Result<Vec<Shard>, ReaderError> {
        let mut shards = Vec::new();
        let mut next: Option<String> = None;
        loop {
            // The API accepts either the stream's name or a token, not both.
            let name = next.is_none().then(|| stream.to_owned());
            let call = self.client.list_shards().set_stream_name(name).set_next_token(next);
            let answer = call.send().await.map_err(|error| failed("ListShards", error))?;
            shards.extend(answer.shards().iter().map(shard));
            next = answer.next_token;
            if next.is_none() {
                return Ok(shards);
            }
        }
    }

    /// Returns an iterator, which is valid for 5 minutes.
    pub async fn iterator(
        &self,
        stream: &str,
        shard_id: &str,
        start: &Start<'_>,
    ) -> Result<String, ReaderError> {
        let call = self.client.get_shard_iterator().stream_name(stream).shard_id(shard_id);
        let call = match start {
            Start::TrimHorizon => call.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Start::Latest => call.shard_iterator_type(ShardIteratorType::Latest),
            Start::At(number) => call
                .shard_iterator_type(ShardIteratorType::AtSequenceNumber)
                .starting_sequence_number(*number),
            Start::After(number) => call
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(*number),
            Start::Timestamp(at_ms) => call
                .shard_iterator_type(ShardIteratorType::AtTimestamp)
                .timestamp(DateTime::from_millis(*at_ms)),
        };
        let answer = call.send().await.map_err(|error| failed("GetShardIterator", error))?;
        answer.shard_iterator.ok_or(ReaderError::NotFound { operation: "GetShardIterator" })
    }

    /// Reads up to `limit` records, 1 to 10,000, and up to 10 MiB.
    pub async fn read(&self, iterator: &str, limit: u16) -> Result<Page, ReaderError> {
        let call = self.client.get_records().shard_iterator(iterator).limit(i32::from(limit));
        let answer = call.send().await.map_err(|error| failed("GetRecords", error))?;
        Ok(Page {
            millis_behind_latest: answer.millis_behind_latest.unwrap_or(0),
            next_iterator: answer.next_shard_iterator,
            read_to: None,
            children: answer
                .child_shards
                .unwrap_or_default()
                .into_iter()
                .map(|ChildShard { shard_id, .. }| shard_id)
                .collect(),
            records: answer.records.into_iter().map(record).collect(),
        })
    }
}

fn shard(shard: &SdkShard) -> Shard {
    let number = |text: &str| text.parse::<u128>().unwrap_or(0);
    let range = shard.hash_key_range();
    Shard {
        id: shard.shard_id.clone(),
        parents: shard.parent_shard_id.iter().chain(&shard.adjacent_parent_shard_id).cloned().collect(),
        hash_keys: range.map_or(0, |range| number(range.starting_hash_key()))
            ..=range.map_or(0, |range| number(range.ending_hash_key())),
        closed: shard.sequence_number_range().is_some_and(|range| range.ending_sequence_number().is_some()),
    }
}

pub(super) fn record(record: Record) -> ReadRecord {
    ReadRecord {
        sequence_number: record.sequence_number,
        partition_key: record.partition_key.unwrap_or_default(),
        arrived_at_ms: record.approximate_arrival_timestamp.and_then(|at| at.to_millis().ok()).unwrap_or(0),
        data: Bytes::from(record.data.into_inner()),
    }
}

pub(super) fn failed<E>(operation: &'static str, error: SdkError<E>) -> ReaderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let failure = failure(&error, status);
    let code = failure.code.unwrap_or_else(|| "no answer".to_owned());
    match (failure.class, code.as_str()) {
        (Class::Throttled, _) => ReaderError::Throttled { operation },
        (_, "ExpiredIteratorException") => ReaderError::ExpiredIterator,
        (_, "ResourceNotFoundException") => ReaderError::NotFound { operation },
        (class, _) => {
            let is_retryable = class == Class::Retry;
            ReaderError::Failed { operation, code, is_retryable, source: Box::new(error) }
        }
    }
}
