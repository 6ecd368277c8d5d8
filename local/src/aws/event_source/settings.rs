//! What a mapping requires of its lanes.

use std::time::Duration;

use template::KinesisMapping;

/// The parameters of a mapping that concern its lanes, by their names in the service.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LaneSettings {
    /// `BatchSize`: the most records of a batch, at least 1.
    pub batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`: how long records are collected for a batch.
    pub batching_window: Duration,
    /// `MaximumRetryAttempts`: how often a batch is retried; `None` means without end.
    pub maximum_retry_attempts: Option<u64>,
    /// `MaximumRecordAgeInSeconds`: `None` means as long as the stream keeps records.
    pub maximum_record_age: Option<Duration>,
    /// `BisectBatchOnFunctionError`: whether a failed batch is split in two.
    pub bisect_on_error: bool,
    /// `TumblingWindowInSeconds`.
    pub tumbling_window: Option<Duration>,
}

impl From<&KinesisMapping> for LaneSettings {
    fn from(mapping: &KinesisMapping) -> Self {
        Self {
            batch_size: mapping.batch_size.max(1),
            batching_window: mapping.batching_window,
            maximum_retry_attempts: mapping.maximum_retry_attempts,
            maximum_record_age: mapping.maximum_record_age,
            bisect_on_error: mapping.bisect_on_error,
            tumbling_window: mapping.tumbling_window,
        }
    }
}
