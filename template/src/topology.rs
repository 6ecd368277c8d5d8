//! What a template says to run, as plain data.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::layers::Layer;

use super::searches::SearchIndex;

/// Everything of a template that runs on one machine.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    /// The names of the buckets.
    pub buckets: Vec<String>,
    /// The Kinesis streams.
    pub streams: Vec<Stream>,
    /// The functions.
    pub functions: Vec<FunctionDefinition>,
    /// The event source mappings that are enabled.
    pub mappings: Vec<KinesisMapping>,
    /// The delivery streams.
    pub deliveries: Vec<DeliveryStream>,
    /// The schedules, including disabled ones.
    pub schedules: Vec<Schedule>,
    /// What the template has but this machine does not run or honour: a line each, which begins with its
    /// place.
    pub left_out: Vec<String>,
    /// The readers of streams that do not run here.
    pub unrun_takers: Vec<UnrunTaker>,
    /// The layers of the template, until their files' paths are replaced by those on this machine.
    pub(crate) layers: Vec<Layer>,
}

/// A reader of a stream that does not run here, so that the stream's records can't all be accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnrunTaker {
    /// The stream's name.
    pub stream: String,
    /// The place of the reader in the template, and why it does not run.
    pub reason: String,
}

/// A Kinesis stream.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// How many open shards it has when it is created.
    pub shards: u32,
    /// Whether the template or the service decides the number of its shards.
    pub mode: StreamMode,
    /// How long it keeps a record, in whole hours.
    pub retention: Duration,
    /// The largest record in KiB.
    pub max_record_kib: u32,
}

/// Who decides how many shards a stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamMode {
    /// The template.
    Provisioned,
    /// The service, which begins with four.
    OnDemand,
}

/// A Lambda function around one binary.
#[derive(Debug, Clone)]
pub struct FunctionDefinition {
    /// Its name.
    pub name: String,
    /// Its logical id, after those of the applications around it, such as `Orders/Consumer`. `sam build`
    /// names its folder so.
    pub logical_id: String,
    /// File name of the binary.
    pub binary: String,
    /// The local folder of its code, relative to the first template's, if there is one.
    pub code_uri: Option<String>,
    /// `Runtime` as it is written, such as `provided.al2023`. A runtime that Lambda provides needs a program
    /// that stands in for it.
    pub runtime: Option<String>,
    /// `Handler` as it is written.
    pub handler: String,
    /// The longest time of an invocation.
    pub timeout: Duration,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Environment variables. If one names a file of a layer, it has the file's path on this machine.
    pub variables: BTreeMap<String, String>,
    /// The ARNs of its layers in this template.
    pub layers: Vec<String>,
    /// The most invocations at the same time. 0 stops all of them, and `None` leaves the number to the account's limit.
    pub reserved_concurrency: Option<u32>,
    /// What Lambda does with an asynchronous invocation that fails.
    pub asynchronous: AsynchronousRetries,
    /// Which of kinflow's own functions it is, as `Metadata: {Kinflow: {Role: …}}` says.
    pub role: Option<Role>,
}

/// How long and how often Lambda retries an asynchronous invocation, such as a schedule's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsynchronousRetries {
    /// Retries after the first try, 0 to 2.
    pub maximum_retry_attempts: u32,
    /// Age at which an event is dropped.
    pub maximum_event_age: Duration,
}

impl Default for AsynchronousRetries {
    fn default() -> Self {
        Self { maximum_retry_attempts: 2, maximum_event_age: Duration::from_hours(6) }
    }
}

/// One of kinflow's own functions, whose answers and objects the runner can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It answers a schedule with the numbers of records that it read and put.
    Producer,
    /// It writes every record of a stream to `enriched/` or `quarantine/` of its `OUTPUT_BUCKET`.
    Consumer,
    /// It types the records of a delivery stream.
    Transform,
}

/// An event source mapping from a Kinesis stream to a function.
#[derive(Debug, Clone)]
pub struct KinesisMapping {
    /// Function and event, such as `ConsumerFunction/Records`, or the logical id if the mapping is a resource
    /// by itself.
    pub name: String,
    /// The id of the mapping. The service makes one up; here it is the same in every run.
    pub uuid: String,
    /// The function's name.
    pub function: String,
    /// The stream's name.
    pub stream: String,
    /// The consumer with enhanced fan-out through which it reads, as `name:time`. Here every reader has the
    /// stream to itself, so this only changes the ARN that events carry.
    pub consumer: Option<String>,
    /// Where it begins on a stream that it has not read yet.
    pub starting_position: StartingPosition,
    /// The most records of a batch.
    pub batch_size: usize,
    /// How long records are collected for a batch.
    pub batching_window: Duration,
    /// How many batches of one shard are processed at once.
    pub parallelization_factor: usize,
    /// How often a failed batch is retried; `None` means without end.
    pub maximum_retry_attempts: Option<u64>,
    /// The age at which records are discarded; `None` means that they are tried as long as the stream keeps
    /// them.
    pub maximum_record_age: Option<Duration>,
    /// Whether a failed batch is split in two.
    pub bisect_on_error: bool,
    /// Whether the answer names what failed.
    pub report_batch_item_failures: bool,
    /// Length of a tumbling window.
    pub tumbling_window: Option<Duration>,
    /// Where batches go that were given up.
    pub on_failure: Option<OnFailure>,
}

/// Where a mapping begins to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// At the oldest record the stream keeps.
    TrimHorizon,
    /// At the first record that arrives after the mapping was made.
    Latest,
    /// At the first record that arrived at this time or later.
    AtTimestamp(Timestamp),
}

/// Where a mapping sends what it gives up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnFailure {
    /// A bucket of the template, which gets metadata and payload.
    Bucket(String),
    /// A destination that does not exist here: a queue or a topic, which get only metadata, or a bucket of
    /// another stack.
    Messages,
}

/// A delivery stream from a Kinesis stream to a bucket, or to an index of OpenSearch.
#[derive(Debug, Clone)]
pub struct DeliveryStream {
    /// Its name.
    pub name: String,
    /// The stream's name.
    pub stream: String,
    /// The bucket's name.
    pub bucket: String,
    /// The prefix of objects.
    pub prefix: String,
    /// The prefix of failed records.
    pub error_prefix: String,
    /// The ending of object names.
    pub file_extension: String,
    /// The time zone of the prefixes and object names, as the IANA database names it.
    pub time_zone: String,
    /// How many bytes fill a buffer.
    pub buffer_bytes: usize,
    /// The longest time that records stay in a buffer.
    pub buffer_interval: Duration,
    /// How objects are compressed.
    pub compression: Compression,
    /// Whether partition keys are part of the prefix.
    pub dynamic_partitioning: bool,
    /// The transformation, if there is one.
    pub processing: Option<Processing>,
    /// What is put between two records of an object; `None` joins them directly.
    pub record_delimiter: Option<String>,
    /// Where every source record goes unchanged, if there is a backup.
    pub backup: Option<Backup>,
    /// The OpenSearch index that gets its documents. Its bucket, prefixes and buffer are then those of failed
    /// documents.
    pub search: Option<SearchIndex>,
}

/// The copy that a delivery stream keeps of every source record before its transformation.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The bucket's name.
    pub bucket: String,
    /// The prefix of objects.
    pub prefix: String,
    /// How many bytes fill a buffer.
    pub buffer_bytes: usize,
    /// The longest time that records stay in a buffer.
    pub buffer_interval: Duration,
    /// How objects are compressed.
    pub compression: Compression,
}

/// How a delivery stream's objects are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Uncompressed.
    None,
    /// gzip.
    Gzip,
    /// A ZIP archive of one file.
    Zip,
    /// Snappy in the frames of snappy-java.
    Snappy,
    /// Snappy in the blocks of Hadoop.
    HadoopSnappy,
}

/// The transformation function of a delivery stream.
#[derive(Debug, Clone)]
pub struct Processing {
    /// The function's name.
    pub function: String,
    /// How many bytes fill a buffer.
    pub buffer_bytes: usize,
    /// The longest time that records stay in a buffer.
    pub buffer_interval: Duration,
    /// How often a failed invocation is retried.
    pub retries: u32,
}

/// A schedule that invokes a function.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Function and event, such as `ProducerFunction/Hourly`, or the logical id if the schedule is a resource
    /// by itself.
    pub name: String,
    /// The function's name.
    pub function: String,
    /// The service to which it belongs, which decides the content of an event without `Input`.
    pub service: ScheduleService,
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// The time zone of a `cron` or an `at`, as the IANA database names it.
    pub time_zone: String,
    /// The event's JSON text. Without one, the service sends its own scheduled event.
    pub input: Option<String>,
    /// `StartDate`: a `rate` or a `cron` does not fire before it.
    pub start: Option<Timestamp>,
    /// `EndDate`: a `rate` or a `cron` does not fire after it.
    pub end: Option<Timestamp>,
    /// Whether it fires.
    pub enabled: bool,
}

/// The service to which a schedule belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleService {
    /// A rule of `EventBridge`, whose event comes from `aws.events`.
    EventBridgeRule,
    /// `EventBridge` Scheduler, whose event comes from `aws.scheduler`.
    Scheduler,
}
