//! The edge of kinflow: everything that touches the environment, Lambda, AWS or another server.
//!
//! | room | what it holds |
//! |---|---|
//! | [`lambda`] | the loop that serves invocations, Lambda's events and its answers |
//! | [`aws`] | the settings and the clients of AWS's services: S3, Kinesis, Comprehend, secrets |
//! | [`sources`] | where a producer's records come from |
//! | [`put_records`] | the way into a stream: the packer, the engine and the port of a stream |
//! | `read_stream` | a whole stream as an async stream: all shards, within bounds: with the feature `kinesis` |
//! | [`ingest`] | from a source to a stream, with the cursor that says how far it has come |
//! | [`store`] | the port of an object store, and its twin in memory |
//! | `contract_tests` | what every stream and every store does, as suites for tests: a feature of that name |
//! | [`settings`] | the environment's variables |
//! | [`schema_source`] | where a function's schema comes from |
//! | `opensearch` | a server of OpenSearch, for the command and the runner: with the feature `https` |
//! | [`clock`] | the wall clock in milliseconds |
//! | [`logging`] and [`metrics`] | what a function says of itself |

pub mod aws;
pub mod clock;
#[cfg(feature = "contract-tests")]
pub mod contract_tests;
pub mod ingest;
pub mod lambda;
pub mod logging;
pub mod metrics;
#[cfg(feature = "https")]
pub mod opensearch;
pub mod put_records;
#[cfg(feature = "kinesis")]
pub mod read_stream;
#[cfg(feature = "s3")]
pub mod schema_source;
pub mod settings;
pub mod sources;
pub mod store;

mod backoff;

/// An error of any kind, for ports whose implementations have different errors.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
