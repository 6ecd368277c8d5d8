//! Where one taker is in every shard of a stream, on disk.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::description::shard_id;
use super::document;
use super::lock::lock;
use crate::aws::stream::Place;

const STARTS: &str = "starts.json";

/// A taker's places. Each shard has one from the moment it exists. If none is stored, it is where the taker
/// began, or the start of a shard that came later.
pub(super) struct Places {
    folder: PathBuf,
    /// The counters at which the taker began, for the shards that existed then.
    starts: BTreeMap<u32, u64>,
    kept: Mutex<BTreeMap<u32, Kept>>,
}

struct Kept {
    place: Place,
    /// The counter of the first record that was not passed.
    next: u64,
}

impl Places {
    /// The taker's places, or those that `begin` gives if the taker is new.
    pub(super) fn open<E: From<io::Error>>(
        folder: PathBuf,
        begin: impl FnOnce() -> Result<BTreeMap<u32, u64>, E>,
    ) -> Result<Self, E> {
        let starts = if let Some(starts) = document::read(&folder.join(STARTS))? {
            starts
        } else {
            let starts = begin()?;
            std::fs::create_dir_all(&folder)?;
            document::replace(&folder.join(STARTS), &starts)?;
            starts
        };
        Ok(Self { folder, starts, kept: Mutex::default() })
    }

    /// Restores a place that an earlier process stored.
    pub(super) fn take_up(&self, shard: u32, next_of: impl Fn(&str) -> Option<u64>) -> io::Result<()> {
        if let Some(place) = document::read::<Place>(&self.path(shard))? {
            let next = place.after.as_deref().and_then(next_of);
            let next = next.unwrap_or_else(|| self.start(shard));
            lock(&self.kept).insert(shard, Kept { place, next });
        }
        Ok(())
    }

    /// The counter at which the taker began in a shard.
    pub(super) fn start(&self, shard: u32) -> u64 {
        self.starts.get(&shard).copied().unwrap_or(0)
    }

    /// The counter of the first record that the taker has not passed. It may be before the shard's first.
    pub(super) fn next(&self, shard: u32) -> u64 {
        lock(&self.kept).get(&shard).map_or_else(|| self.start(shard), |kept| kept.next)
    }

    pub(super) fn place(&self, shard: u32) -> Place {
        lock(&self.kept).get(&shard).map(|kept| kept.place.clone()).unwrap_or_default()
    }

    /// Stores a place, first on disk.
    pub(super) fn pass(&self, shard: u32, place: Place, next: u64) -> io::Result<()> {
        let mut kept = lock(&self.kept);
        document::replace(&self.path(shard), &place)?;
        kept.insert(shard, Kept { place, next });
        Ok(())
    }

    fn path(&self, shard: u32) -> PathBuf {
        self.folder.join(format!("{}.json", shard_id(shard)))
    }
}

/// The folder of a taker: its name, in which characters that a file system may refuse are written as codes.
pub(super) fn folder_of(takers: &Path, taker: &str) -> PathBuf {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let spelt = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    takers.join(taker.bytes().map(spelt).collect::<String>())
}
