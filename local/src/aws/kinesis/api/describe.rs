//! `DescribeStream` and `DescribeStreamSummary`.

use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::error::ApiError;
use super::kinesis::{Kinesis, Status};
use super::shards::ShardAnswer;
use super::streams::StreamModeDetails;
use super::target::{Target, stream_arn};
use super::wire::Timestamp;
use crate::aws::kinesis::store::{Description, Settings, shard_index};

const MAX_SHARDS: i64 = 10_000;
const DEFAULT_SHARDS: i64 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStream {
    #[serde(flatten)]
    target: Target,
    limit: Option<i64>,
    exclusive_start_shard_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStreamAnswer {
    stream_description: StreamDescription,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StreamDescription {
    #[serde(flatten)]
    about: About,
    shards: Vec<ShardAnswer>,
    has_more_shards: bool,
}

#[derive(Deserialize)]
pub(super) struct DescribeStreamSummary {
    #[serde(flatten)]
    target: Target,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStreamSummaryAnswer {
    stream_description_summary: StreamDescriptionSummary,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StreamDescriptionSummary {
    #[serde(flatten)]
    about: About,
    open_shard_count: usize,
    consumer_count: usize,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_kib: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_throughput: Option<WarmThroughput>,
}

/// What both tell.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct About {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: StreamModeDetails,
    retention_period_hours: u32,
    stream_creation_timestamp: Timestamp,
    enhanced_monitoring: [EnhancedMetrics; 1],
    encryption_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EnhancedMetrics {
    shard_level_metrics: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WarmThroughput {
    #[serde(rename = "TargetMiBps")]
    pub(super) target: u32,
    #[serde(rename = "CurrentMiBps")]
    pub(super) current: u32,
}

impl About {
    fn of(stream: &Description, status: Status) -> Self {
        let Settings { retention_hours, key, metrics, .. } = &stream.settings;
        Self {
            stream_name: stream.name.clone(),
            stream_arn: stream_arn(&stream.name),
            stream_status: status.as_str(),
            stream_mode_details: StreamModeDetails::of(&stream.settings),
            retention_period_hours: *retention_hours,
            stream_creation_timestamp: Timestamp(stream.origin.created_ms),
            enhanced_monitoring: [EnhancedMetrics { shard_level_metrics: metrics.iter().cloned().collect() }],
            encryption_type: if key.is_some() { "KMS" } else { "NONE" },
            key_id: key.clone(),
        }
    }
}

/// Describes a stream with a page of its shards; none of them while it is being created.
pub(super) fn describe_stream(
    kinesis: &Kinesis,
    request: &DescribeStream,
) -> Result<DescribeStreamAnswer, ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.range(request.limit, "limit", (1, MAX_SHARDS));
    checks.name(request.exclusive_start_shard_id.as_ref(), "exclusiveStartShardId");
    checks.end()?;
    let name = request.target.name()?;
    let stream = kinesis.stream(name)?;
    let status = kinesis.status(name);
    let after = request.exclusive_start_shard_id.as_deref().and_then(shard_index);
    let limit = usize::try_from(request.limit.unwrap_or(DEFAULT_SHARDS)).unwrap_or(1);
    Ok(stream.with(|stream| {
        let shards = stream.shards.iter().filter(|_| status != Status::Creating);
        let mut shards = shards.filter(|shard| after.is_none_or(|after| shard.index > after));
        let page = shards.by_ref().take(limit).map(|shard| ShardAnswer::of(shard, stream.origin)).collect();
        let has_more_shards = shards.next().is_some();
        let about = About::of(stream, status);
        DescribeStreamAnswer {
            stream_description: StreamDescription { about, shards: page, has_more_shards },
        }
    }))
}

pub(super) fn describe_stream_summary(
    kinesis: &Kinesis,
    request: &DescribeStreamSummary,
) -> Result<DescribeStreamSummaryAnswer, ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.end()?;
    let name = request.target.name()?;
    let status = kinesis.status(name);
    let summary = |stream: &Description| StreamDescriptionSummary {
        about: About::of(stream, status),
        open_shard_count: stream.open_shards().count(),
        consumer_count: stream.consumers.len(),
        max_record_kib: stream.settings.max_record_kib,
        warm_throughput: stream
            .settings
            .warm_mibps
            .map(|mibps| WarmThroughput { target: mibps, current: mibps }),
    };
    Ok(DescribeStreamSummaryAnswer { stream_description_summary: kinesis.stream(name)?.with(summary) })
}
