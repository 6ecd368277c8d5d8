//! Where kinflow meets the outside: the environment, Lambda's events and answers, AWS.

pub mod events;
#[cfg(feature = "kinesis")]
pub mod kinesis_reader;
pub mod logging;
pub mod metrics;
pub mod runtime;

mod aws;
mod backoff;
#[cfg(feature = "s3")]
mod s3;
mod settings;
mod store;

pub use aws::{AwsCredentials, AwsSettings};
#[cfg(feature = "s3")]
pub use s3::{DEFAULT_PATIENCE, S3Store};
pub use settings::{Settings, SettingsError};
pub use store::{
    Attributes, BoxError, Created, ETag, InMemoryStore, Listed, MAX_GET_BYTES, MAX_LISTED_KEYS, Object,
    ObjectHead, ObjectStore, RangeRead, Replaced, StoreError, StoreFault,
};
