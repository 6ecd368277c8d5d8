//! One stream: its description, the logs of its shards, and those who wait for changes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use tokio::sync::watch;

use super::Now;
use super::description::{Description, shard_id};
use super::document;
use super::ledger::ShardCount;
use super::lock::{lock, read, write};
use super::log::ShardLog;
use super::places::Places;
use super::segment::Cut;
use crate::aws::event::{Event, Name, Observer};
use crate::aws::stream::StreamError;

const DESCRIPTION: &str = "stream.json";

/// A stream on disk.
pub(crate) struct Stream {
    pub(super) name: Name,
    pub(super) folder: PathBuf,
    pub(super) state: RwLock<State>,
    /// The takers that were opened in this process.
    pub(super) takers: Mutex<BTreeMap<String, Arc<Places>>>,
    /// Grows with every change of records and shards, and is closed when the stream is deleted.
    version: watch::Sender<u64>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

/// What the stream's lock protects. Changes of shards lock it for writing, and puts lock it for reading.
pub(super) struct State {
    pub(super) description: Description,
    pub(super) logs: BTreeMap<u32, Arc<Log>>,
    /// Open shards by the end of their ranges.
    pub(super) routes: BTreeMap<u128, Arc<Log>>,
    pub(super) is_deleted: bool,
}

/// A shard's records.
pub(super) struct Log {
    pub(super) index: u32,
    pub(super) id: Name,
    pub(super) records: Mutex<ShardLog>,
}

impl Stream {
    /// Makes a stream's folder, completely or not at all.
    pub(super) fn make(
        folder: PathBuf,
        description: &Description,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self, StreamError> {
        let storage = storage_error(&description.name, &folder);
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let half_made = folder.with_file_name(format!(".new-{name}"));
        let made = || {
            std::fs::create_dir_all(&half_made)?;
            document::replace(&half_made.join(DESCRIPTION), description)?;
            std::fs::rename(&half_made, &folder)
        };
        made().map_err(storage)?;
        Self::open(folder, description.clone(), observer)
    }

    /// What a folder says about its stream; `None` if it contains none.
    pub(super) fn described(folder: &Path) -> io::Result<Option<Description>> {
        document::read(&folder.join(DESCRIPTION))
    }

    pub(super) fn open(
        folder: PathBuf,
        description: Description,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self, StreamError> {
        let storage = storage_error(&description.name, &folder);
        let name = Name::from(description.name.as_str());
        let mut state =
            State { description, logs: BTreeMap::new(), routes: BTreeMap::new(), is_deleted: false };
        let cuts = state.open_logs(&folder).map_err(storage)?;
        let version = watch::Sender::new(1);
        let state = RwLock::new(state);
        let stream = Self { name, folder, state, takers: Mutex::default(), version, observer };
        for (shard, cut) in cuts {
            stream.tell_cut(shard, &cut);
        }
        Ok(stream)
    }

    fn tell_cut(&self, shard: Name, cut: &Cut) {
        let Cut { kept, bytes, lost } = cut;
        let (stream, kept) = (&self.name, kept.display());
        if *lost > 0 {
            let message = format!(
                "{shard} of stream {stream} is damaged: {lost} records are lost, what is left of them is in {kept}"
            );
            self.tell(Event::Damaged { stream: Arc::clone(stream), shard, records: *lost, message });
        } else {
            let message = format!(
                "{bytes} bytes at the end of {shard} of stream {stream} are not a whole record, as after a process \
                 was killed while it wrote; they were never acknowledged, and are in {kept}"
            );
            self.tell(Event::Warning { message });
        }
    }

    /// A taker has passed records that no longer exist, since their file was damaged. Their numbers are not
    /// given again.
    pub(super) fn keep_numbers_from(&self, shard: u32, taker: &str, next: u64) {
        let Ok(Some(log)) = self.log(shard) else { return };
        let mut records = lock(&log.records);
        let missing = next.saturating_sub(records.next());
        if missing > 0 {
            records.skip_to(next);
            drop(records);
            let message = format!(
                "the last {missing} records of {} of stream {}, which {taker} took, are no longer in \
                 its files",
                log.id, self.name
            );
            let (stream, shard) = (Arc::clone(&self.name), Arc::clone(&log.id));
            self.tell(Event::Damaged { stream, shard, records: missing, message });
        }
    }

    /// The stream as it is now.
    pub(crate) fn description(&self) -> Description {
        read(&self.state).description.clone()
    }

    /// Looks at the stream as it is now.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&Description) -> T) -> T {
        look(&read(&self.state).description)
    }

    /// Changes the stream, first on disk. Puts wait in the meantime, and see the shards either before or
    /// after.
    pub(crate) fn change<T, E: From<StreamError>>(
        &self,
        change: impl FnOnce(&mut Description, &dyn Fn(u32) -> u64) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = write(&self.state);
        if state.is_deleted {
            return Err(self.not_found().into());
        }
        let mut changed = state.description.clone();
        let next_of = |index| state.logs.get(&index).map_or(0, |log| lock(&log.records).next());
        let result = change(&mut changed, &next_of)?;
        document::replace(&self.folder.join(DESCRIPTION), &changed).map_err(self.storage())?;
        state.description = changed;
        // The logs of new shards have nothing to be cut.
        state.open_logs(&self.folder).map_err(self.storage())?;
        drop(state);
        self.changed();
        Ok(result)
    }

    /// Ends the stream for everyone who holds it, and frees its folder's name. Returns what it held then.
    pub(super) fn delete(&self) -> Result<Vec<ShardCount>, StreamError> {
        let mut state = write(&self.state);
        if state.is_deleted {
            return Err(self.not_found());
        }
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        let going = self.folder.with_file_name(format!(".deleted-{name}-{}", uuid::Uuid::new_v4().simple()));
        std::fs::rename(&self.folder, &going).map_err(self.storage())?;
        let held = self.counts(&state);
        state.is_deleted = true;
        drop(state);
        self.changed();
        if let Err(error) = std::fs::remove_dir_all(&going) {
            tracing::warn!(folder = %going.display(), %error, "a deleted stream's folder stays behind");
        }
        Ok(held)
    }

    /// Removes what is past the retention, and reports what no taker will see any more.
    pub(super) fn trim(&self, now: Now) -> Result<(), StreamError> {
        let state = read(&self.state);
        if state.is_deleted {
            return Ok(());
        }
        let horizon_ms = now.0.saturating_sub(state.description.retention_ms());
        for log in state.logs.values() {
            let (before, after) = {
                let mut records = lock(&log.records);
                (records.oldest(), records.trim(horizon_ms).map_err(self.storage())?)
            };
            for (taker, places) in &*lock(&self.takers) {
                let lost = after.saturating_sub(places.next(log.index).max(before));
                if lost > 0 {
                    self.tell(Event::Warning { message: self.expired(lost, &log.id, taker, &state) });
                }
            }
        }
        Ok(())
    }

    fn expired(&self, lost: u64, shard: &str, taker: &str, state: &State) -> String {
        let hours = state.description.settings.retention_hours;
        format!(
            "{lost} records of {shard} of stream {} were older than its {hours} hours of retention before {taker} \
             took them: they are lost, as in AWS",
            self.name
        )
    }

    /// A receiver of the stream's version.
    pub(crate) fn versions(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Wakes those who wait for changes.
    pub(super) fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    pub(super) fn tell(&self, event: Event) {
        if let Some(observer) = &self.observer {
            observer.on(event);
        }
    }

    pub(super) fn not_found(&self) -> StreamError {
        StreamError::NotFound { stream: self.name.to_string() }
    }

    /// What an error of the file system is, in this stream.
    pub(super) fn storage(&self) -> impl Fn(io::Error) -> StreamError {
        storage_error(&self.name, &self.folder)
    }
}

pub(super) fn storage_error(stream: &str, folder: &Path) -> impl Fn(io::Error) -> StreamError + use<> {
    let (stream, folder) = (stream.to_owned(), folder.display().to_string());
    move |source| StreamError::Storage { stream: stream.clone(), folder: folder.clone(), source }
}

impl State {
    /// Opens the logs of shards that have none yet, and routes hash keys to open shards.
    fn open_logs(&mut self, folder: &Path) -> io::Result<Vec<(Name, Cut)>> {
        let mut cuts = Vec::new();
        for shard in &self.description.shards {
            if let Entry::Vacant(missing) = self.logs.entry(shard.index) {
                let id = shard_id(shard.index);
                let (records, cut) = ShardLog::open(folder.join(&id), shard.start)?;
                let log = Log { index: shard.index, id: id.into(), records: Mutex::new(records) };
                cuts.extend(cut.map(|cut| (Arc::clone(&log.id), cut)));
                missing.insert(Arc::new(log));
            }
        }
        let route = |shard: &super::description::Shard| {
            Some((shard.last_hash, Arc::clone(self.logs.get(&shard.index)?)))
        };
        self.routes = self.description.open_shards().filter_map(route).collect();
        Ok(cuts)
    }
}
