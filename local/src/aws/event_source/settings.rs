//! What a mapping asks of its lanes.

use std::time::Duration;

use template::KinesisMapping;

/// The parameters of a mapping that its lanes keep to, in the words of the service.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LaneSettings {
    /// `BatchSize`: most records of a batch, at least 1.
    pub batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`: how long a batch gathers.
    pub batching_window: Duration,
    /// `MaximumRetryAttempts`: tries after the first; `None`: for ever.
    pub maximum_retry_attempts: Option<u64>,
    /// `MaximumRecordAgeInSeconds`: `None`: as long as the stream keeps records.
    pub maximum_record_age: Option<Duration>,
    /// `BisectBatchOnFunctionError`: a failed batch is cut in two.
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
