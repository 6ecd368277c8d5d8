//! Keys of window summaries.

use super::{RecordName, under};

const ROOT: &str = "windows";

/// The summary of one tumbling window of one shard, named after the first record that the window counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowKey<'a> {
    /// Name of the data set.
    pub data_set: &'a str,
    /// First instant of the window, ISO 8601 in UTC as Lambda writes it.
    pub start: &'a str,
    /// First instant after the window.
    pub end: &'a str,
    /// The first record that was counted.
    pub first: RecordName<'a>,
}

impl<'a> WindowKey<'a> {
    /// What the keys of a data set begin with.
    pub fn prefix(data_set: &str) -> String {
        format!("{ROOT}/{data_set}/")
    }

    /// The key.
    pub fn key(&self) -> String {
        let Self { data_set, start, end, first } = self;
        format!("{ROOT}/{data_set}/{start}-{end}-{first}.json")
    }

    /// Reads a key that [`key`](Self::key) writes, if the times of its window end with `Z`.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (data_set, rest) = under(key, ROOT)?;
        let (start, rest) = split_time(rest.strip_suffix(".json")?)?;
        let (end, rest) = split_time(rest)?;
        let (first, _) = RecordName::split(rest)?;
        let read = Self { data_set, start, end, first };
        (read.key() == key).then_some(read)
    }
}

/// Splits `<time>Z-<rest>`, the time with its `Z`.
fn split_time(text: &str) -> Option<(&str, &str)> {
    let (time, rest) = text.split_at_checked(text.find("Z-")? + 1)?;
    Some((time, rest.strip_prefix('-')?))
}
