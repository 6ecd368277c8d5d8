//! Keys of cursors, which record how far a source has been read.

use super::under;
use crate::keys::hash_key;

const ROOT: &str = "state/cursor";

/// How far one source of a data set has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorKey<'a> {
    /// Name of the data set.
    pub data_set: &'a str,
    /// Hash of the source's name, since a name may contain any characters.
    pub source: u128,
}

impl<'a> CursorKey<'a> {
    /// What the keys of all data sets begin with.
    pub const PREFIX: &'static str = "state/cursor/";

    /// The cursor of the source with this name.
    pub fn of(data_set: &'a str, source: &str) -> Self {
        Self { data_set, source: hash_key(source) }
    }

    /// The key.
    pub fn key(&self) -> String {
        format!("{ROOT}/{}/{:032x}.json", self.data_set, self.source)
    }

    /// Reads a key that [`key`](Self::key) writes.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (data_set, name) = under(key, ROOT)?;
        let source = u128::from_str_radix(name.strip_suffix(".json")?, 16).ok()?;
        let read = Self { data_set, source };
        (read.key() == key).then_some(read)
    }
}
