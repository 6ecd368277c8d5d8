//! Plays AWS on one machine, without knowledge of kinflow: Kinesis, Lambda, Firehose, S3 and the scheduler.

pub(crate) mod clock;
mod doors;
pub(crate) mod event;
pub(crate) mod event_source;
pub(crate) mod fence;
pub(crate) mod firehose;
pub(crate) mod kinesis;
pub(crate) mod lambda;
pub(crate) mod loopback;
pub(crate) mod observers;
pub(crate) mod s3;
pub(crate) mod scheduler;
pub(crate) mod stream;
