//! Keys of the consumer's output objects.

use super::{Hour, Position, RecordName, hour_and_name, under};

const ROOT: &str = "enriched";

/// The object of one batch, named after the record that the batch starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrichedKey<'a> {
    /// Name of the data set.
    pub data_set: &'a str,
    /// When the first record arrived.
    pub hour: Hour,
    /// The first record of the batch.
    pub first: RecordName<'a>,
    /// `LEDGER_EPOCH`, so that a replay writes its objects next to the old ones; `None` in the first epoch,
    /// and without a ledger.
    pub epoch: Option<&'a str>,
    /// How the object is compressed.
    pub extension: Extension,
}

/// The end of an output object's key, which tells a reader how the object is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// `.ndjson.gz`
    Gzip,
    /// `.ndjson.zst`
    Zstd,
}

impl<'a> EnrichedKey<'a> {
    /// Metadata of an object: the first record that it covers. Every record of its shard from that to the last one is in the
    /// object or in quarantine.
    pub const FIRST_SEQUENCE_NUMBER: &'static str = "first-sequence-number";
    /// Metadata of an object: the last record that it covers.
    pub const LAST_SEQUENCE_NUMBER: &'static str = "last-sequence-number";

    /// The object of a batch that starts at `first`.
    pub fn new(
        data_set: &'a str,
        first: &Position<'a>,
        epoch: Option<&'a str>,
        extension: Extension,
    ) -> Self {
        let hour = Hour::of_ms(first.arrived_at_ms);
        Self { data_set, hour, first: RecordName::of(first), epoch, extension }
    }

    /// What the keys of a data set begin with.
    pub fn prefix(data_set: &str) -> String {
        format!("{ROOT}/{data_set}/")
    }

    /// The key.
    pub fn key(&self) -> String {
        let Self { data_set, hour, first, epoch, extension } = self;
        let epoch = epoch.map(|epoch| format!("-e{epoch}")).unwrap_or_default();
        format!("{ROOT}/{data_set}/{hour}/{first}{epoch}{}", extension.as_str())
    }

    /// Reads a key that [`key`](Self::key) writes.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (data_set, rest) = under(key, ROOT)?;
        let (hour, name) = hour_and_name(rest)?;
        let (name, extension) = Extension::ALL
            .into_iter()
            .find_map(|extension| name.strip_suffix(extension.as_str()).map(|name| (name, extension)))?;
        let (first, epoch) = RecordName::split(name)?;
        let epoch = if epoch.is_empty() { None } else { Some(epoch.strip_prefix("-e")?) };
        let read = Self { data_set, hour, first, epoch, extension };
        (read.key() == key).then_some(read)
    }
}

impl Extension {
    const ALL: [Self; 2] = [Self::Gzip, Self::Zstd];

    /// Returns the extension with its dots.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => ".ndjson.gz",
            Self::Zstd => ".ndjson.zst",
        }
    }
}
