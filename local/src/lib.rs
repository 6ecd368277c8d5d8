//! One machine playing Kinesis, Lambda, Firehose, S3 and the scheduler for the same binaries.

mod kinesis;
mod loopback;
mod template;

pub use kinesis::KinesisEndpoint;
pub use loopback::EndpointError;
pub use template::TemplateError;
