//! AWS's services: what their clients share, and one file for each service.

#[cfg(feature = "comprehend")]
pub mod comprehend;
#[cfg(feature = "kinesis")]
pub mod kinesis_consumer;
#[cfg(feature = "kinesis")]
pub mod kinesis_reader;
#[cfg(feature = "kinesis")]
pub mod kinesis_streams;

#[cfg(feature = "lambda")]
pub mod lambda;

#[cfg(any(feature = "comprehend", feature = "kinesis"))]
mod error_class;
#[cfg(feature = "https")]
pub(crate) mod https;
#[cfg(feature = "kinesis")]
mod kinesis;
#[cfg(feature = "profile")]
mod profile;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "kinesis")]
mod sdk_config;
#[cfg(feature = "kinesis")]
mod sdk_error;
#[cfg(any(feature = "kinesis", feature = "profile"))]
mod sdk_http;
#[cfg(feature = "http")]
mod secrets;
mod settings;
#[cfg(feature = "sigv4")]
pub(crate) mod sigv4;

#[cfg(feature = "https")]
pub use https::TrustedRoots;
#[cfg(feature = "kinesis")]
pub use kinesis::KinesisSink;
#[cfg(feature = "profile")]
pub use profile::{Profile, ProfileError};
#[cfg(feature = "s3")]
pub use s3::{DEFAULT_PATIENCE, S3Store};
#[cfg(feature = "http")]
pub use secrets::{SecretError, SecretName, Secrets};
#[cfg(feature = "sdk")]
pub use settings::CredentialsOf;
pub use settings::{AwsCredentials, AwsSettings};
