//! Keys of files for the producer.

use super::under;

const ROOT: &str = "inputs";

/// A file that the producer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputKey<'a> {
    /// Name of the data set.
    pub data_set: &'a str,
    /// Name of the file; it may have folders of its own.
    pub name: &'a str,
}

impl<'a> InputKey<'a> {
    /// The key.
    pub fn key(&self) -> String {
        format!("{ROOT}/{}/{}", self.data_set, self.name)
    }

    /// Reads a key that [`key`](Self::key) writes.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (data_set, name) = under(key, ROOT)?;
        Some(Self { data_set, name })
    }
}
