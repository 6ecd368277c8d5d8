//! All streams of a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use tokio::sync::watch;

use super::Now;
use super::description::{Description, Settings};
use super::ledger::ShardCount;
use super::lock::{lock, read, write};
use super::number::Origin;
use super::read::Start;
use super::reshard::{Reshard, ReshardError, first_shards};
use super::stream::{Stream, storage_error};
use super::taker::Taker;
use crate::aws::event::Observer;
use crate::aws::stream::StreamError;

/// Kinesis streams in a folder. One process at a time may have it open.
pub struct StreamStore {
    folder: PathBuf,
    streams: RwLock<BTreeMap<String, Arc<Stream>>>,
    observer: Option<Arc<dyn Observer>>,
    /// What was in the streams that were deleted.
    pub(super) deleted: Mutex<Vec<ShardCount>>,
    /// Notified about every place that a taker passes.
    pub(super) passed: watch::Sender<u64>,
}

/// The settings of a new stream.
#[derive(Debug, Clone)]
pub(crate) struct NewStream {
    pub(crate) name: String,
    pub(crate) shards: u32,
    pub(crate) settings: Settings,
    pub(crate) tags: BTreeMap<String, String>,
}

impl StreamStore {
    /// Opens or creates the folder. Every stream, record and place is where an earlier process left it.
    pub fn open(folder: &Path) -> Result<Arc<Self>, StreamError> {
        Self::observed(folder, None)
    }

    /// Opens the folder. `observer` is told about every put.
    pub(crate) fn observed(
        folder: &Path,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Arc<Self>, StreamError> {
        let storage = storage_error("*", folder);
        std::fs::create_dir_all(folder).map_err(&storage)?;
        let mut streams = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(&storage)? {
            let path = entry.map_err(&storage)?.path();
            if is_left_over(&path) {
                std::fs::remove_dir_all(&path).map_err(&storage)?;
            } else if let Some(description) = Stream::described(&path).map_err(storage_of(&path))? {
                let name = description.name.clone();
                let stream = Stream::open(path, description, observer.clone())?;
                stream.trim(Now::system())?;
                streams.insert(name, Arc::new(stream));
            }
        }
        let streams = RwLock::new(streams);
        let (folder, passed) = (folder.to_owned(), watch::Sender::new(0));
        Ok(Arc::new(Self { folder, streams, observer, deleted: Mutex::default(), passed }))
    }

    /// Creates a stream; `None` if one of this name exists.
    pub(crate) fn create(&self, new: &NewStream, now: Now) -> Result<Option<Arc<Stream>>, StreamError> {
        let mut streams = write(&self.streams);
        if streams.contains_key(&new.name) {
            return Ok(None);
        }
        let description = Description {
            name: new.name.clone(),
            origin: Origin::new(now.0),
            settings: new.settings.clone(),
            tags: new.tags.clone(),
            consumers: BTreeMap::new(),
            shards: first_shards(new.shards, now.0),
            provided_shards: Some(new.shards),
        };
        let stream = Stream::make(self.free_folder(&new.name), &description, self.observer.clone())?;
        let stream = Arc::new(stream);
        streams.insert(new.name.clone(), Arc::clone(&stream));
        Ok(Some(stream))
    }

    /// Makes the stream as it should be: creates it, or gives it this mode, retention, record size and number
    /// of shards. If the same number was asked for before, it is not applied again, since a client may have
    /// split or merged shards since.
    pub(crate) fn provide(&self, new: &NewStream, now: Now) -> Result<Arc<Stream>, StreamError> {
        if let Some(stream) = self.create(new, now)? {
            return Ok(stream);
        }
        let stream = self.stream(&new.name)?;
        let (before, provided) = stream.with(|stream| (stream.settings.clone(), stream.provided_shards));
        let Settings { on_demand, retention_hours, max_record_kib, .. } = new.settings;
        let settings = Settings { on_demand, retention_hours, max_record_kib, ..before.clone() };
        if settings != before {
            stream.change::<_, StreamError>(|description, _| {
                description.settings = settings;
                Ok(())
            })?;
        }
        if provided != Some(new.shards) {
            stream.scale(new.shards, now)?;
            stream.change::<_, StreamError>(|description, _| {
                description.provided_shards = Some(new.shards);
                Ok(())
            })?;
        }
        Ok(stream)
    }

    /// The stream of a name.
    pub(crate) fn stream(&self, name: &str) -> Result<Arc<Stream>, StreamError> {
        let found = read(&self.streams).get(name).cloned();
        found.ok_or_else(|| StreamError::NotFound { stream: name.to_owned() })
    }

    /// The names of all streams, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        read(&self.streams).keys().cloned().collect()
    }

    /// Deletes a stream with all its records. Its readers find that it is gone.
    pub(crate) fn delete(&self, name: &str) -> Result<(), StreamError> {
        let mut streams = write(&self.streams);
        let not_found = || StreamError::NotFound { stream: name.to_owned() };
        let held = streams.get(name).ok_or_else(not_found)?.delete()?;
        lock(&self.deleted).extend(held);
        streams.remove(name);
        drop(streams);
        self.passed.send_modify(|passed| *passed += 1);
        Ok(())
    }

    /// The taker with this name: at its stored place, or at `start` if it is new.
    pub(crate) fn taker(&self, stream: &str, name: &str, start: Start) -> Result<Taker, StreamError> {
        Taker::open(&self.stream(stream)?, name, start, self.passed.clone())
    }

    /// Removes records past the retention of their stream. If a stream refuses, that is reported, and the
    /// others continue.
    pub(crate) fn trim(&self, now: Now) {
        for stream in self.live() {
            if let Err(error) = stream.trim(now) {
                tracing::warn!(error = &error as &dyn std::error::Error, "what is past its retention stays");
            }
        }
    }

    /// All streams, in the order of their names.
    pub(super) fn live(&self) -> Vec<Arc<Stream>> {
        read(&self.streams).values().cloned().collect()
    }

    /// The folder for a stream of this name. A file system may not distinguish two names.
    fn free_folder(&self, name: &str) -> PathBuf {
        let plain = if name.starts_with('.') { name.replacen('.', "%2E", 1) } else { name.to_owned() };
        let numbered = (2..).map(|number| format!("{plain}~{number}"));
        let mut names = std::iter::once(plain.clone()).chain(numbered).map(|name| self.folder.join(name));
        names.find(|folder| !folder.exists()).unwrap_or_else(|| self.folder.join(plain))
    }
}

/// What an error of the file system is, in the folder of one stream.
fn storage_of(folder: &Path) -> impl Fn(std::io::Error) -> StreamError + use<> {
    storage_error(&folder.file_name().unwrap_or_default().to_string_lossy(), folder)
}

/// A stream whose creation or deletion was not finished when a process ended.
fn is_left_over(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(".new-") || name.starts_with(".deleted-")
}

/// Why a change of a stream's shards is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// The shards can't be changed in this way.
    #[error(transparent)]
    Shards(#[from] ReshardError),
    /// The stream does not exist, or the file system refuses.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

impl Stream {
    /// Splits a shard in two, of which the second begins at `hash_key`.
    pub(crate) fn split(&self, shard: u32, hash_key: u128, now: Now) -> Result<(), ChangeError> {
        self.change(|description, end_of| {
            Reshard { description, now_ms: now.0, end_of }.split(shard, hash_key)?;
            Ok(())
        })
    }

    /// Merges two neighbours, the lower one first.
    pub(crate) fn merge(&self, shard: u32, adjacent: u32, now: Now) -> Result<(), ChangeError> {
        self.change(|description, end_of| {
            Reshard { description, now_ms: now.0, end_of }.merge(shard, adjacent)?;
            Ok(())
        })
    }

    /// Splits and merges until the stream has this many open shards with even ranges.
    pub(crate) fn scale(&self, shards: u32, now: Now) -> Result<(), StreamError> {
        self.change(|description, end_of| {
            let mut reshard = Reshard { description, now_ms: now.0, end_of };
            // The ranges of open shards have no gaps, so splits inside them and merges of neighbours succeed.
            if let Err(error) = reshard.scale(shards) {
                tracing::error!(%error, "a stream's shards don't add up");
            }
            Ok(())
        })
    }
}
