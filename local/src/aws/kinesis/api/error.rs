//! The errors of Kinesis, in AWS's words.

use std::error::Error;

use template::ACCOUNT;

use crate::aws::kinesis::store::{ChangeError, ReshardError};
use crate::aws::stream::StreamError;

pub(super) const INVALID_ARGUMENT: &str = "InvalidArgumentException";
pub(super) const LIMIT_EXCEEDED: &str = "LimitExceededException";
pub(super) const NOT_FOUND: &str = "ResourceNotFoundException";
pub(super) const IN_USE: &str = "ResourceInUseException";
pub(super) const VALIDATION: &str = "ValidationException";
pub(super) const SERIALIZATION: &str = "SerializationException";
pub(super) const UNKNOWN_OPERATION: &str = "UnknownOperationException";
pub(super) const THROTTLED: &str = "ProvisionedThroughputExceededException";
pub(super) const INTERNAL: &str = "InternalFailure";

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(INVALID_ARGUMENT, message)
    }

    pub(super) fn no_stream(stream: &str) -> Self {
        Self::new(NOT_FOUND, format!("Stream {stream} under account {ACCOUNT} not found."))
    }

    pub(super) fn no_shard(shard: &str, stream: &str) -> Self {
        let message = format!("Could not find shard {shard} in stream {stream} under account {ACCOUNT}.");
        Self::new(NOT_FOUND, message)
    }

    /// What the SDKs try again.
    pub(super) fn internal(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            message = format!("{message}: {source}");
            cause = source.source();
        }
        Self { status: 500, code: INTERNAL, message }
    }
}

impl From<StreamError> for ApiError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::NotFound { stream } => Self::no_stream(&stream),
            StreamError::Storage { .. } => Self::internal(&error),
        }
    }
}

/// An error of a reshard, in the words that name the stream.
pub(super) fn reshard_error(error: ChangeError, stream: &str) -> ApiError {
    let id = crate::aws::kinesis::store::shard_id;
    match error {
        ChangeError::Stream(error) => error.into(),
        ChangeError::Shards(ReshardError::NoShard(shard)) => ApiError::no_shard(&id(shard), stream),
        ChangeError::Shards(ReshardError::Closed(shard)) => ApiError::invalid(format!(
            "Shard {} in stream {stream} under account {ACCOUNT} has already been merged or split, and thus is not \
             eligible for merging or splitting.",
            id(shard)
        )),
        ChangeError::Shards(ReshardError::NotAdjacent(one, other)) => ApiError::invalid(format!(
            "Shards {} and {} in stream {stream} under account {ACCOUNT} are not an adjacent pair of shards eligible \
             for merging",
            id(one),
            id(other)
        )),
        ChangeError::Shards(ReshardError::HashKey(key)) => ApiError::invalid(format!(
            "NewStartingHashKey {key} used in SplitShard() on a shard in stream {stream} under account {ACCOUNT} is \
             not both greater than one plus the shard's StartingHashKey and less than the shard's EndingHashKey."
        )),
    }
}
