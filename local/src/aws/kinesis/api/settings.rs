//! The settings of a stream that can be changed: retention, mode, record size, encryption, monitoring and
//! warm throughput.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use template::ACCOUNT;

use super::check::Checks;
use super::describe::WarmThroughput;
use super::error::{ApiError, VALIDATION};
use super::kinesis::{Kinesis, Status};
use super::streams::{StreamModeDetails, bounded};
use super::target::{Target, stream_arn};
use crate::aws::kinesis::store::Settings;

const RETENTION_HOURS: (i64, i64) = (24, 8_760);
const METRICS: [&str; 8] = [
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
    "ALL",
];

impl Kinesis {
    /// Changes settings of a stream that can be changed, which is UPDATING for a moment.
    fn set<T>(
        &self,
        target: &Target,
        set: impl FnOnce(&mut Settings, &str) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let name = target.name()?;
        let stream = self.changeable(name)?;
        let result = stream.change(|description, _| set(&mut description.settings, name))?;
        self.enter(name, Status::Updating);
        Ok(result)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetentionPeriod {
    #[serde(flatten)]
    target: Target,
    retention_period_hours: Option<i64>,
}

impl RetentionPeriod {
    fn hours(&self) -> Result<u32, ApiError> {
        let mut checks = Checks::default();
        self.target.check(&mut checks);
        checks.required(self.retention_period_hours.as_ref(), "retentionPeriodHours");
        checks.end()?;
        let (least, most) = RETENTION_HOURS;
        let hours = self.retention_period_hours.unwrap_or(0);
        let wrong = match hours {
            hours if hours < least => format!(
                "Minimum allowed retention period is {least} hours. Requested retention period ({hours} hours) is too short."
            ),
            hours if hours > most => format!(
                "Maximum allowed retention period is {most} hours. Requested retention period ({hours} hours) is too long."
            ),
            hours => return Ok(bounded(Some(hours))),
        };
        Err(ApiError::invalid(wrong))
    }
}

pub(super) fn increase_retention(kinesis: &Kinesis, request: &RetentionPeriod) -> Result<(), ApiError> {
    let hours = request.hours()?;
    kinesis.set(&request.target, |settings, name| {
        let now = settings.retention_hours;
        if now > hours {
            return Err(ApiError::invalid(format!(
                "Requested retention period ({hours} hours) for stream {name} can not be shorter than existing \
                 retention period ({now} hours). Use DecreaseRetentionPeriod API."
            )));
        }
        settings.retention_hours = hours;
        Ok(())
    })
}

pub(super) fn decrease_retention(kinesis: &Kinesis, request: &RetentionPeriod) -> Result<(), ApiError> {
    let hours = request.hours()?;
    kinesis.set(&request.target, |settings, name| {
        let now = settings.retention_hours;
        if now < hours {
            return Err(ApiError::invalid(format!(
                "Requested retention period ({hours} hours) for stream {name} can not be longer than existing \
                 retention period ({now} hours). Use IncreaseRetentionPeriod API."
            )));
        }
        settings.retention_hours = hours;
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateStreamMode {
    #[serde(flatten)]
    target: Target,
    stream_mode_details: Option<StreamModeDetails>,
}

pub(super) fn update_stream_mode(kinesis: &Kinesis, request: &UpdateStreamMode) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    checks.required(request.target.stream_arn.as_ref(), "streamARN");
    checks.required(request.stream_mode_details.as_ref(), "streamModeDetails");
    if let Some(mode) = &request.stream_mode_details {
        mode.check(&mut checks);
    }
    checks.end()?;
    let on_demand = request.stream_mode_details.as_ref().is_some_and(StreamModeDetails::is_on_demand);
    kinesis.set(&request.target, |settings, _| {
        settings.on_demand = on_demand;
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateMaxRecordSize {
    #[serde(flatten)]
    target: Target,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_kib: Option<i64>,
}

pub(super) fn update_max_record_size(
    kinesis: &Kinesis,
    request: &UpdateMaxRecordSize,
) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    checks.required(request.max_record_kib.as_ref(), "maxRecordSizeInKiB");
    checks.range(request.max_record_kib, "maxRecordSizeInKiB", (1024, 10_240));
    checks.end()?;
    kinesis.set(&request.target, |settings, _| {
        settings.max_record_kib = bounded(request.max_record_kib);
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StreamEncryption {
    #[serde(flatten)]
    target: Target,
    encryption_type: Option<String>,
    key_id: Option<String>,
}

impl StreamEncryption {
    fn check(&self) -> Result<(), ApiError> {
        let mut checks = Checks::default();
        self.target.check(&mut checks);
        checks.required(self.encryption_type.as_ref(), "encryptionType");
        checks.word(self.encryption_type.as_ref(), "encryptionType", &["KMS", "NONE"]);
        checks.required(self.key_id.as_ref(), "keyId");
        checks.length(self.key_id.as_ref(), "keyId", (1, 2_048));
        checks.end()?;
        if self.encryption_type.as_deref() == Some("KMS") {
            return Ok(());
        }
        Err(ApiError::invalid("EncryptionType must be KMS."))
    }
}

pub(super) fn start_encryption(kinesis: &Kinesis, request: StreamEncryption) -> Result<(), ApiError> {
    request.check()?;
    kinesis.set(&request.target, |settings, _| {
        settings.key = request.key_id;
        Ok(())
    })
}

pub(super) fn stop_encryption(kinesis: &Kinesis, request: &StreamEncryption) -> Result<(), ApiError> {
    request.check()?;
    kinesis.set(&request.target, |settings, _| {
        settings.key = None;
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EnhancedMonitoring {
    #[serde(flatten)]
    target: Target,
    shard_level_metrics: Option<BTreeSet<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EnhancedMonitoringAnswer {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    current_shard_level_metrics: BTreeSet<String>,
    desired_shard_level_metrics: BTreeSet<String>,
}

pub(super) fn enable_monitoring(
    kinesis: &Kinesis,
    request: EnhancedMonitoring,
) -> Result<EnhancedMonitoringAnswer, ApiError> {
    monitor(kinesis, request, |now, told| now.union(told).cloned().collect())
}

pub(super) fn disable_monitoring(
    kinesis: &Kinesis,
    request: EnhancedMonitoring,
) -> Result<EnhancedMonitoringAnswer, ApiError> {
    monitor(kinesis, request, |now, told| now.difference(told).cloned().collect())
}

fn monitor(
    kinesis: &Kinesis,
    request: EnhancedMonitoring,
    change: impl FnOnce(&BTreeSet<String>, &BTreeSet<String>) -> BTreeSet<String>,
) -> Result<EnhancedMonitoringAnswer, ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.required(request.shard_level_metrics.as_ref(), "shardLevelMetrics");
    let mut told = request.shard_level_metrics.unwrap_or_default();
    checks.count(told.len(), "shardLevelMetrics", (1, METRICS.len() - 1));
    for metric in &told {
        checks.word(Some(metric), "shardLevelMetrics", &METRICS);
    }
    checks.end()?;
    if told.remove("ALL") {
        told.extend(METRICS.into_iter().filter(|metric| *metric != "ALL").map(str::to_owned));
    }
    kinesis.set(&request.target, |settings, name| {
        let desired = change(&settings.metrics, &told);
        let current = std::mem::replace(&mut settings.metrics, desired.clone());
        Ok(EnhancedMonitoringAnswer {
            stream_name: name.to_owned(),
            stream_arn: stream_arn(name),
            current_shard_level_metrics: current,
            desired_shard_level_metrics: desired,
        })
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateWarmThroughput {
    #[serde(flatten)]
    target: Target,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_mibps: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateWarmThroughputAnswer {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    warm_throughput: WarmThroughput,
}

pub(super) fn update_warm_throughput(
    kinesis: &Kinesis,
    request: &UpdateWarmThroughput,
) -> Result<UpdateWarmThroughputAnswer, ApiError> {
    let mut checks = Checks::default();
    request.target.check(&mut checks);
    checks.required(request.warm_mibps.as_ref(), "warmThroughputMiBps");
    checks.range(request.warm_mibps, "warmThroughputMiBps", (0, 10_240));
    checks.end()?;
    let target = bounded(request.warm_mibps);
    kinesis.set(&request.target, |settings, name| {
        let current = settings.warm_mibps.replace(target).unwrap_or(0);
        Ok(UpdateWarmThroughputAnswer {
            stream_name: name.to_owned(),
            stream_arn: stream_arn(name),
            warm_throughput: WarmThroughput { target, current },
        })
    })
}

/// Refuses what an on-demand stream does not allow, since it sets its number of shards itself.
pub(super) fn check_provisioned(settings: &Settings, stream: &str, operation: &str) -> Result<(), ApiError> {
    if !settings.on_demand {
        return Ok(());
    }
    let message = format!(
        "Request is invalid. Stream {stream} under account {ACCOUNT} is in On-Demand mode, which {operation} does not \
         take."
    );
    Err(ApiError::new(VALIDATION, message))
}
