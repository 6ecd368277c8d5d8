//! The object store port: one bucket, conditional writes, strong reads.

mod in_memory;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use crate::BoxError;

pub use in_memory::{InMemoryStore, StoreFault};

/// Longest object [`ObjectStore::get`] hands out whole, in bytes; longer ones are read by range.
pub const MAX_GET_BYTES: u64 = 64 << 20;

/// Most keys in one answer of [`ObjectStore::list`], as in S3.
pub const MAX_LISTED_KEYS: usize = 1000;

/// One bucket with S3's guarantees: a read sees every write acknowledged before it, nobody sees
/// half an object, and of two writers under one condition at most one succeeds.
///
/// Calls retry what may pass by itself for a bounded time and are safe to drop: a dropped write
/// either happened or did not. Bound them by a deadline with `tokio::time::timeout_at`.
pub trait ObjectStore: Send + Sync {
    /// Writes an object where none is. An own write whose answer was lost counts as written.
    fn create(
        &self,
        key: &str,
        body: Bytes,
        attributes: &Attributes,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// Writes over the object that has this `ETag`, and over no other nor over an absent one.
    fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> impl Future<Output = Result<Replaced, StoreError>> + Send;

    /// The whole object, of at most [`MAX_GET_BYTES`]; `None` when there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Object>, StoreError>> + Send;

    /// What is known of an object without its body; `None` when there is none.
    fn head(&self, key: &str) -> impl Future<Output = Result<Option<ObjectHead>, StoreError>> + Send;

    /// Some bytes of the object that has this `ETag`. The range lies within the object.
    fn read_range(
        &self,
        key: &str,
        etag: &ETag,
        range: Range<u64>,
    ) -> impl Future<Output = Result<RangeRead, StoreError>> + Send;

    /// Up to [`MAX_LISTED_KEYS`] objects whose keys start with `prefix` and come after `after`,
    /// in ascending order of keys. Fewer than that: there are no more.
    fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send;
}

/// A handle is as good as the store it points to.
impl<S: ObjectStore> ObjectStore for std::sync::Arc<S> {
    async fn create(&self, key: &str, body: Bytes, attributes: &Attributes) -> Result<Created, StoreError> {
        S::create(self, key, body, attributes).await
    }
    async fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Replaced, StoreError> {
        S::replace(self, key, etag, body, attributes).await
    }
    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        S::get(self, key).await
    }
    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, StoreError> {
        S::head(self, key).await
    }
    async fn read_range(&self, key: &str, etag: &ETag, range: Range<u64>) -> Result<RangeRead, StoreError> {
        S::read_range(self, key, etag, range).await
    }
    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        S::list(self, prefix, after).await
    }
}

/// The version tag of an object, with its quotes. Equal bytes may have equal tags.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes a tag as a store gave it.
    pub fn new(tag: impl Into<String>) -> Self {
        Self(tag.into())
    }

    /// The tag as a store gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a [`ObjectStore::create`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// Our bytes are there.
    Written(ETag),
    /// Another write was first; ours left no trace.
    Exists,
}

/// How a [`ObjectStore::replace`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// Our bytes are there.
    Written(ETag),
    /// The object has another tag by now, or is gone; ours left no trace.
    Changed,
}

/// How a [`ObjectStore::read_range`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeRead {
    /// The bytes asked for.
    Bytes(Bytes),
    /// The object has another tag by now, or is gone.
    Changed,
}

/// What is kept beside an object's bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Media type, such as `application/x-ndjson`.
    pub content_type: Option<String>,
    /// Encoding of the bytes, such as `gzip`.
    pub content_encoding: Option<String>,
    /// User metadata: keys of lower-case ASCII letters, digits and `-`, values of visible ASCII.
    pub metadata: BTreeMap<String, String>,
}

impl Attributes {
    /// Refuses what an HTTP header can't carry back unchanged.
    pub(crate) fn check(&self, key: &str) -> Result<(), StoreError> {
        let values = self.content_type.iter().chain(&self.content_encoding).chain(self.metadata.values());
        let valid_name = |name: &String| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let valid_value = |value: &String| {
            value.trim() == value && !value.is_empty() && value.bytes().all(|b| (b' '..=b'~').contains(&b))
        };
        if self.metadata.keys().all(valid_name) && values.into_iter().all(valid_value) {
            return Ok(());
        }
        Err(StoreError::InvalidAttributes { key: key.to_owned() })
    }
}

/// An object without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    /// Version tag.
    pub etag: ETag,
    /// Length in bytes.
    pub size: u64,
    /// What was kept beside the bytes.
    pub attributes: Attributes,
}

/// An object with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Everything but the bytes.
    pub head: ObjectHead,
    /// The bytes as stored, still encoded.
    pub body: Bytes,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The whole key.
    pub key: String,
    /// Length in bytes.
    pub size: u64,
    /// When it was written, in milliseconds since the Unix epoch; S3 knows whole seconds.
    pub modified_at_ms: i64,
}

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
    /// A key no client writes back unchanged: empty, over 1,024 bytes, with `//`, `.`, `..`, control
    /// characters, or a slash at an end.
    #[error("object key {key:?} is not usable, expected 1 to 1024 bytes of plain path segments")]
    InvalidKey {
        /// The key.
        key: String,
    },
    /// Attributes that headers can't carry.
    #[error("attributes of object {key:?} are not visible ASCII with lower-case names")]
    InvalidAttributes {
        /// The object's key.
        key: String,
    },
    /// Too long to be read whole.
    #[error("object {key:?} is {bytes} bytes, the limit is {MAX_GET_BYTES}")]
    TooLong {
        /// The object's key.
        key: String,
        /// Its length.
        bytes: u64,
    },
    /// The credentials do not allow it. S3 says so of an absent key too, without `s3:ListBucket`.
    #[error("permission to {operation} object {key:?} was denied")]
    Denied {
        /// What was tried.
        operation: &'static str,
        /// The object's key.
        key: String,
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
        /// How often.
        attempts: u32,
        /// What the client says of the last.
        source: BoxError,
    },
}

impl StoreError {
    /// Whether the same call may succeed later with nothing changed by a person.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Refuses keys that one client or another would rewrite.
pub(crate) fn check_key(key: &str) -> Result<(), StoreError> {
    let plain = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.chars().any(char::is_control);
    if key.len() <= 1024 && key.split('/').all(plain) {
        return Ok(());
    }
    Err(StoreError::InvalidKey { key: key.chars().take(80).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_a_client_would_rewrite_are_refused() {
        for key in ["", "/a", "a/", "a//b", "a/../b", "a/.", "a\nb", &"k".repeat(1025)] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
        for key in
            ["a", "enriched/crime/dt=2026-01-02/hour=03/s-shardId-0-1.ndjson.gz", "tilde~%#{}*", "ключ"]
        {
            assert!(check_key(key).is_ok(), "{key:?}");
        }
    }

    #[test]
    fn metadata_that_headers_would_change_are_refused() {
        for (name, value) in
            [("Upper", "x"), ("", "x"), ("a", ""), ("a", " x"), ("a", "é"), ("a", "x\r\nb: c")]
        {
            let metadata = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            assert!(
                Attributes { metadata, ..Attributes::default() }.check("k").is_err(),
                "{name:?} {value:?}"
            );
        }
    }
}
