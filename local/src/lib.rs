//! One machine playing Kinesis, Lambda, Firehose, S3 and the scheduler for the same binaries.
//!
//! [`run`] starts a template's streams, functions, event source mappings, delivery streams and
//! schedules, with the documented semantics of the services, and accounts for every record at the
//! end. Functions are processes that speak the Runtime API; nothing here links one.

mod accounting;
mod bucket;
mod clock;
mod data_set;
mod delivery;
mod error;
mod event_source;
mod kinesis;
mod loopback;
mod machine;
mod messages;
mod options;
mod position;
mod progress;
mod report;
mod run;
mod runtime_api;
mod s3;
mod schedule;
mod source;
mod stream;
mod sweep;
mod template;
mod written;

pub use error::RunError;
pub use kinesis::KinesisEndpoint;
pub use loopback::EndpointError;
pub use options::{Input, RunOptions};
pub use progress::Progress;
pub use report::{DataSetReport, MAX_NAMED, Report};
pub use run::run;
pub use s3::S3Endpoint;
pub use template::TemplateError;
