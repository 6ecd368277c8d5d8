//! Plays Kinesis, Lambda, Firehose, S3 and the scheduler on one machine, for the same binaries that are
//! deployed.
//!
//! [`run`] starts a template's streams, functions, event source mappings, delivery streams and schedules,
//! with the documented semantics of the services, and accounts for every record at the end. Functions are
//! processes that speak the Runtime API; nothing here links one.

mod aws;
mod error;
mod options;
mod page;
mod pipeline;
mod run;

/// The lane of an event source mapping, for callers that drive one without a run.
pub mod event_source {
    pub use crate::aws::clock::Moment;
    pub use crate::aws::event::Condition;
    pub use crate::aws::event_source::{
        Action, Answer, Call, Ending, GivenUp, Input, Lane, LaneRecord, LaneSettings, MAX_STATE_BYTES,
        Outcome, Response, Window, WindowCall,
    };
}

pub use aws::kinesis::{KinesisEndpoint, KinesisOptions, StreamStore};
pub use aws::loopback::EndpointError;
pub use aws::s3::S3Endpoint;
pub use aws::stream::StreamError;
pub use error::RunError;
pub use options::{Input, PageOptions, RunOptions};
pub use pipeline::at_work::RunEndpoints;
pub use pipeline::folder::FolderError;
pub use pipeline::input_share::InputShare;
pub use pipeline::progress::Progress;
pub use pipeline::report::{DataSetReport, MAX_NAMED, Report};
pub use pipeline::status::DataSetStatus;
pub use pipeline::timeline::{Series, Stage, Timeline};
pub use run::run;
pub use template::TemplateError;
