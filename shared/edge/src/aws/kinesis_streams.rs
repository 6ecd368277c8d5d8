//! Creates, describes, changes and deletes streams, and splits and merges their shards.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{ScalingType, StreamMode, StreamModeDetails};

use super::AwsSettings;
use super::kinesis_reader::{ATTEMPT_TIMEOUT, ReaderError, failed};
use super::sdk_config::sdk_config;

/// A client for the streams of one account and region.
#[derive(Clone, Debug)]
pub struct Streams {
    client: Client,
}

/// The capacity of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// This many shards, each with its limits.
    Shards(u32),
    /// As many shards as the service finds necessary.
    OnDemand,
}

/// A stream in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `CREATING`, `UPDATING` or `DELETING`.
    pub status: String,
    /// `PROVISIONED` or `ON_DEMAND`; empty where the server does not say.
    pub mode: String,
    /// When it was created, in Unix milliseconds.
    pub created_at_ms: i64,
}

/// A description of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name, status, mode and time of creation.
    pub listed: Listed,
    /// Its ARN.
    pub arn: String,
    /// How many shards take records.
    pub open_shards: i32,
    /// How long records are kept.
    pub retention_hours: i32,
    /// How many consumers are registered.
    pub consumers: i32,
    /// `NONE` or `KMS`.
    pub encryption: String,
    /// The largest record in KiB; `None` if the server does not say.
    pub max_record_kib: Option<i32>,
}

impl Streams {
    /// Makes a client; no request is sent yet.
    pub fn connect(aws: &AwsSettings) -> Self {
        Self { client: Client::new(&sdk_config(aws, aws.kinesis_endpoint_url.as_deref(), ATTEMPT_TIMEOUT)) }
    }

    /// Returns all streams, in the order of their names.
    pub async fn list(&self) -> Result<Vec<Listed>, ReaderError> {
        let (mut found, mut next): (Vec<Listed>, Option<String>) = (Vec::new(), None);
        loop {
            let call = self.client.list_streams().set_next_token(next.take());
            let answer = call.send().await.map_err(|error| failed("ListStreams", error))?;
            found.extend(answer.stream_summaries().iter().map(|stream| Listed {
                name: stream.stream_name.clone(),
                status: stream.stream_status.as_str().to_owned(),
                mode: mode(stream.stream_mode_details()),
                created_at_ms:
                    stream.stream_creation_timestamp().and_then(|at| at.to_millis().ok()).unwrap_or(0),
            }));
            next = answer.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Describes a stream and its present state.
    pub async fn describe(&self, stream: &str) -> Result<Described, ReaderError> {
        let call = self.client.describe_stream_summary().stream_name(stream);
        let answer = call.send().await.map_err(|error| failed("DescribeStreamSummary", error))?;
        let absent = ReaderError::NotFound { operation: "DescribeStreamSummary" };
        let summary = answer.stream_description_summary.ok_or(absent)?;
        Ok(Described {
            listed: Listed {
                name: summary.stream_name().to_owned(),
                status: summary.stream_status().as_str().to_owned(),
                mode: mode(summary.stream_mode_details()),
                created_at_ms: summary.stream_creation_timestamp().to_millis().unwrap_or(0),
            },
            arn: summary.stream_arn().to_owned(),
            open_shards: summary.open_shard_count(),
            retention_hours: summary.retention_period_hours(),
            consumers: summary.consumer_count().unwrap_or(0),
            encryption: summary.encryption_type().map_or("NONE", |kind| kind.as_str()).to_owned(),
            max_record_kib: summary.max_record_size_in_kib(),
        })
    }

    /// Asks for a new stream.
    pub async fn create(&self, stream: &str, capacity: Capacity) -> Result<(), ReaderError> {
        let call = self.client.create_stream().stream_name(stream);
        let call = match capacity {
            Capacity::Shards(shards) => call.shard_count(i32::try_from(shards).unwrap_or(i32::MAX)),
            Capacity::OnDemand => call.stream_mode_details(on_demand()?),
        };
        call.send().await.map_err(|error| failed("CreateStream", error))?;
        Ok(())
    }

    /// Deletes a stream with all its records and its registered consumers.
    pub async fn delete(&self, stream: &str) -> Result<(), ReaderError> {
        let call = self.client.delete_stream().stream_name(stream).enforce_consumer_deletion(true);
        call.send().await.map_err(|error| failed("DeleteStream", error))?;
        Ok(())
    }

    /// Lengthens the retention of records to this many hours.
    pub async fn increase_retention(&self, stream: &str, hours: i32) -> Result<(), ReaderError> {
        let call = self.client.increase_stream_retention_period().stream_name(stream);
        let call = call.retention_period_hours(hours);
        call.send().await.map_err(|error| failed("IncreaseStreamRetentionPeriod", error))?;
        Ok(())
    }

    /// Shortens the retention of records to this many hours. Older records are lost.
    pub async fn decrease_retention(&self, stream: &str, hours: i32) -> Result<(), ReaderError> {
        let call = self.client.decrease_stream_retention_period().stream_name(stream);
        let call = call.retention_period_hours(hours);
        call.send().await.map_err(|error| failed("DecreaseStreamRetentionPeriod", error))?;
        Ok(())
    }

    /// Sets the size limit of a record, 1,024 to 10,240 KiB.
    pub async fn set_record_size(&self, arn: &str, kib: i32) -> Result<(), ReaderError> {
        let call = self.client.update_max_record_size().stream_arn(arn).max_record_size_in_kib(kib);
        call.send().await.map_err(|error| failed("UpdateMaxRecordSize", error))?;
        Ok(())
    }

    /// Splits an open shard in two, of which the second begins at `at`.
    pub async fn split(&self, stream: &str, shard: &str, at: u128) -> Result<(), ReaderError> {
        let call = self.client.split_shard().stream_name(stream).shard_to_split(shard);
        let call = call.new_starting_hash_key(at.to_string());
        call.send().await.map_err(|error| failed("SplitShard", error))?;
        Ok(())
    }

    /// Merges two open shards whose ranges are adjacent.
    pub async fn merge(&self, stream: &str, shard: &str, adjacent: &str) -> Result<(), ReaderError> {
        let call = self.client.merge_shards().stream_name(stream).shard_to_merge(shard);
        let call = call.adjacent_shard_to_merge(adjacent);
        call.send().await.map_err(|error| failed("MergeShards", error))?;
        Ok(())
    }

    /// Asks for this many shards with even ranges.
    pub async fn scale(&self, stream: &str, shards: u32) -> Result<(), ReaderError> {
        let shards = i32::try_from(shards).unwrap_or(i32::MAX);
        let call = self.client.update_shard_count().stream_name(stream).target_shard_count(shards);
        let call = call.scaling_type(ScalingType::UniformScaling);
        call.send().await.map_err(|error| failed("UpdateShardCount", error))?;
        Ok(())
    }
}

fn on_demand() -> Result<StreamModeDetails, ReaderError> {
    let details = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build();
    details.map_err(|error| ReaderError::Failed {
        operation: "CreateStream",
        code: "a request that can't be made".to_owned(),
        is_retryable: false,
        source: Box::new(error),
    })
}

fn mode(details: Option<&StreamModeDetails>) -> String {
    details.map_or(String::new(), |details| details.stream_mode().as_str().to_owned())
}
