//! Where kinflow meets the outside: the environment, Lambda's events and answers, AWS.

#[cfg(feature = "comprehend")]
pub mod comprehend;
pub mod events;
#[cfg(feature = "kinesis")]
pub mod kinesis_reader;
pub mod logging;
pub mod metrics;
pub mod runtime;

mod aws;
mod backoff;
mod cursor;
mod feed;
mod hour;
#[cfg(feature = "https")]
mod https;
#[cfg(feature = "kinesis")]
mod kinesis;
mod put_records;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
mod schema_source;
#[cfg(feature = "sdk")]
mod sdk_http;
#[cfg(feature = "http")]
mod secret;
mod settings;
pub mod sources;
mod store;

pub use aws::{AwsCredentials, AwsSettings};
pub use cursor::{Cursor, CursorError, CursorFile, Taken};
pub use feed::{FeedError, FeedLimits, FeedReport, Progress, Quarantine, Rejected, feed};
pub use hour::hour_prefix;
#[cfg(feature = "kinesis")]
pub use kinesis::KinesisSink;
pub use put_records::{
    Compression, Engine, EngineSettings, EngineStopped, Entry, EntryError, EntryOutcome, InMemorySink,
    KeyError, KeyRule, KeyRuleError, MAX_ENTRIES, MAX_PARTITION_KEY_CHARS, MAX_REQUEST_BYTES, OpenShard,
    PackError, Packer, Packing, PackingError, PutReport, RecordSink, Refusal, ShardMap, ShardRate, SinkError,
    SinkFault, StopReason, StreamSummary, Unsent, UnsentReason, wait_until_active,
};
#[cfg(feature = "s3")]
pub use s3::{DEFAULT_PATIENCE, S3Store};
#[cfg(feature = "s3")]
pub use schema_source::{SchemaSourceError, load_schema};
#[cfg(feature = "http")]
pub use secret::{SecretError, SecretName, Secrets};
pub use settings::{Settings, SettingsError};
pub use store::{
    Attributes, BoxError, Created, ETag, InMemoryStore, Listed, MAX_GET_BYTES, MAX_LISTED_KEYS, Object,
    ObjectHead, ObjectStore, RangeRead, Replaced, StoreError, StoreFault,
};
