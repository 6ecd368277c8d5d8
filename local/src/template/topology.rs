//! What a template says to run, as plain data.

use std::collections::BTreeMap;
use std::time::Duration;

/// Everything of a template that runs on one machine.
#[derive(Debug, Default)]
pub(crate) struct Topology {
    pub(crate) buckets: Vec<String>,
    pub(crate) streams: Vec<Stream>,
    pub(crate) functions: Vec<FunctionDefinition>,
    pub(crate) mappings: Vec<KinesisMapping>,
    pub(crate) deliveries: Vec<DeliveryStream>,
    pub(crate) schedules: Vec<Schedule>,
    /// What the template has and this runner does not run, each with its reason.
    pub(crate) left_out: Vec<String>,
}

/// A Kinesis stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) shards: u32,
}

/// A Lambda function around one binary.
#[derive(Debug, Clone)]
pub(crate) struct FunctionDefinition {
    pub(crate) name: String,
    pub(crate) binary: String,
    pub(crate) handler: String,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u32,
    pub(crate) variables: BTreeMap<String, String>,
}

/// An event source mapping from a Kinesis stream to a function.
#[derive(Debug, Clone)]
pub(crate) struct KinesisMapping {
    /// As the service gives each mapping one; here the same in every run.
    pub(crate) uuid: String,
    pub(crate) function: String,
    pub(crate) stream: String,
    pub(crate) batch_size: usize,
    pub(crate) batching_window: Duration,
    pub(crate) parallelization_factor: usize,
    /// `None`: for ever.
    pub(crate) maximum_retry_attempts: Option<u64>,
    /// `None`: as long as the stream keeps records.
    pub(crate) maximum_record_age: Option<Duration>,
    pub(crate) bisect_on_error: bool,
    pub(crate) report_batch_item_failures: bool,
    pub(crate) tumbling_window: Option<Duration>,
    pub(crate) on_failure: Option<OnFailure>,
}

/// Where a mapping sends what it gives up.
#[derive(Debug, Clone)]
pub(crate) enum OnFailure {
    /// A bucket: metadata and payload.
    Bucket(String),
    /// A queue or topic, which gets metadata only.
    Messages,
}

/// A delivery stream from a Kinesis stream to a bucket.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryStream {
    pub(crate) name: String,
    pub(crate) stream: String,
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    pub(crate) error_prefix: String,
    pub(crate) file_extension: String,
    pub(crate) buffer_bytes: usize,
    pub(crate) buffer_interval: Duration,
    pub(crate) compression: Compression,
    pub(crate) dynamic_partitioning: bool,
    pub(crate) processing: Option<Processing>,
}

/// How a delivery stream's objects are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
}

/// The transformation function of a delivery stream.
#[derive(Debug, Clone)]
pub(crate) struct Processing {
    pub(crate) function: String,
    pub(crate) buffer_bytes: usize,
    pub(crate) buffer_interval: Duration,
    pub(crate) retries: u32,
}

/// A schedule that invokes a function.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) name: String,
    pub(crate) function: String,
    pub(crate) expression: String,
    /// The event's JSON text.
    pub(crate) input: String,
    pub(crate) enabled: bool,
}
