//! An object, and what is known about it.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use super::StoreError;

/// The version tag of an object, with its quotes. Equal bytes may have equal tags.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes a tag as a store returned it.
    pub fn new(tag: impl Into<String>) -> Self {
        Self(tag.into())
    }

    /// Returns the tag as the store returned it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is stored beside an object's bytes.
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
    /// Refuses what an HTTP header can't carry unchanged.
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
    /// What is stored beside the bytes.
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
    /// When it was written, in milliseconds since the Unix epoch. S3 gives whole seconds.
    pub modified_at_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

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
