//! What a template says to run, as plain data.

use std::collections::BTreeMap;
use std::time::Duration;

/// Everything of a template that runs on one machine.
#[derive(Debug, Default)]
pub struct Topology {
    /// The names of the buckets.
    pub buckets: Vec<String>,
    /// The Kinesis streams.
    pub streams: Vec<Stream>,
    /// The functions.
    pub functions: Vec<FunctionDefinition>,
    /// The event source mappings.
    pub mappings: Vec<KinesisMapping>,
    /// The delivery streams.
    pub deliveries: Vec<DeliveryStream>,
    /// The schedules.
    pub schedules: Vec<Schedule>,
    /// What the template has and this runner does not run, each with its reason.
    pub left_out: Vec<String>,
}

/// A Kinesis stream.
#[derive(Debug)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// Open shards at its creation.
    pub shards: u32,
}

/// A Lambda function around one binary.
#[derive(Debug, Clone)]
pub struct FunctionDefinition {
    /// Its name.
    pub name: String,
    /// File name of the binary.
    pub binary: String,
    /// `Handler` as written.
    pub handler: String,
    /// Longest invocation.
    pub timeout: Duration,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
}

/// An event source mapping from a Kinesis stream to a function.
#[derive(Debug, Clone)]
pub struct KinesisMapping {
    /// As the service gives each mapping one; here the same in every run.
    pub uuid: String,
    /// The function's name.
    pub function: String,
    /// The stream's name.
    pub stream: String,
    /// Most records of a batch.
    pub batch_size: usize,
    /// How long a batch gathers.
    pub batching_window: Duration,
    /// Batches of one shard at once.
    pub parallelization_factor: usize,
    /// `None`: for ever.
    pub maximum_retry_attempts: Option<u64>,
    /// `None`: as long as the stream keeps records.
    pub maximum_record_age: Option<Duration>,
    /// Whether a failed batch is cut in two.
    pub bisect_on_error: bool,
    /// Whether the answer names what failed.
    pub report_batch_item_failures: bool,
    /// Length of a tumbling window.
    pub tumbling_window: Option<Duration>,
    /// Where given-up batches go.
    pub on_failure: Option<OnFailure>,
}

/// Where a mapping sends what it gives up.
#[derive(Debug, Clone)]
pub enum OnFailure {
    /// A bucket: metadata and payload.
    Bucket(String),
    /// A queue or topic, which gets metadata only.
    Messages,
}

/// A delivery stream from a Kinesis stream to a bucket.
#[derive(Debug, Clone)]
pub struct DeliveryStream {
    /// Its name.
    pub name: String,
    /// The stream's name.
    pub stream: String,
    /// The bucket's name.
    pub bucket: String,
    /// Prefix of objects.
    pub prefix: String,
    /// Prefix of failed records.
    pub error_prefix: String,
    /// Ending of object names.
    pub file_extension: String,
    /// Bytes that fill a buffer.
    pub buffer_bytes: usize,
    /// Longest time in a buffer.
    pub buffer_interval: Duration,
    /// How objects are compressed.
    pub compression: Compression,
    /// Whether partition keys name the prefix.
    pub dynamic_partitioning: bool,
    /// The transformation, where there is one.
    pub processing: Option<Processing>,
}

/// How a delivery stream's objects are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// gzip.
    Gzip,
}

/// The transformation function of a delivery stream.
#[derive(Debug, Clone)]
pub struct Processing {
    /// The function's name.
    pub function: String,
    /// Bytes that fill a buffer.
    pub buffer_bytes: usize,
    /// Longest time in a buffer.
    pub buffer_interval: Duration,
    /// Retries of a failed invocation.
    pub retries: u32,
}

/// A schedule that invokes a function.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// The function's name.
    pub function: String,
    /// `rate(…)` or `cron(…)`.
    pub expression: String,
    /// The event's JSON text.
    pub input: String,
    /// Whether it fires.
    pub enabled: bool,
}
