//! Why a store could not do what was asked.

use super::MAX_GET_BYTES;
use crate::BoxError;

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The bucket can't be reached with these settings.
    #[error("bucket {bucket:?} can't be used")]
    Connect {
        /// Its name.
        bucket: String,
        /// What the client says.
        source: BoxError,
    },
    /// A key that not every client writes back unchanged: empty, over 1,024 bytes, or with `//`, `.`, `..`,
    /// control characters, or a slash at an end.
    #[error("object key {key:?} is not usable, expected 1 to 1024 bytes of plain path segments")]
    InvalidKey {
        /// The key.
        key: String,
    },
    /// The attributes contain something that headers can't carry.
    #[error("attributes of object {key:?} are not visible ASCII with lower-case names")]
    InvalidAttributes {
        /// The object's key.
        key: String,
    },
    /// The object is too long to be read whole.
    #[error("object {key:?} is {bytes} bytes, the limit is {MAX_GET_BYTES}")]
    TooLong {
        /// The object's key.
        key: String,
        /// Its length.
        bytes: u64,
    },
    /// The credentials do not permit it. Without `s3:ListBucket`, S3 says so for a missing key too.
    #[error("permission to {operation} object {key:?} was denied")]
    Denied {
        /// What was tried.
        operation: &'static str,
        /// The object's key.
        key: String,
        /// What the client says.
        source: BoxError,
    },
    /// There is no such bucket.
    #[error("there is no bucket to {operation} objects of")]
    NoBucket {
        /// What was tried.
        operation: &'static str,
        /// What the client says.
        source: BoxError,
    },
    /// It did not work in the time given; whether a write happened is not known.
    #[error("could not {operation} object {key:?} in {attempts} attempts")]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// The object's key.
        key: String,
        /// The number of attempts.
        attempts: u32,
        /// What the client says about the last attempt.
        source: BoxError,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without any change by a person.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
