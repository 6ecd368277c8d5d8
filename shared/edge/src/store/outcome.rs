//! How the calls of a store end.

use bytes::Bytes;

use super::ETag;

/// How a [`ObjectStore::create`](super::ObjectStore::create) ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// Our bytes are there.
    Written(ETag),
    /// Another write came first. Ours left no trace.
    Exists,
}

/// How a [`ObjectStore::replace`](super::ObjectStore::replace) ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// Our bytes are there.
    Written(ETag),
    /// The object has another tag now, or is gone. Ours left no trace.
    Changed,
}

/// How a [`ObjectStore::read_range`](super::ObjectStore::read_range) ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeRead {
    /// The bytes asked for.
    Bytes(Bytes),
    /// The object has another tag now, or is gone.
    Changed,
}
