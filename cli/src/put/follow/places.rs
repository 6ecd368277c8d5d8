//! Keeps how far each file was put, in one small file that is written atomically.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::growing::{FileId, Print, Stamp};
use crate::lock_file::{LockFile, NotLocked};

const VERSION: u32 = 1;
/// The number of files that are remembered. If there are more, files that are gone are forgotten.
const MAX_PLACES: usize = 10_000;
/// The number of truncated files that are remembered. The last ones are.
const MAX_CUT: usize = 100;
/// A place may be before the line end of the last record. This many bytes at the end of a file contain no record.
const LINE_END_BYTES: u64 = 2;
/// The least number of equal first bytes by which a file is recognised as the copy of another.
const COPY_BYTES: usize = 64;

/// One file of one flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The id of its flow, see [`Flow::id`](super::config::Flow::id).
    pub(super) flow: String,
    /// Its path when it was last seen.
    pub(super) path: PathBuf,
    id: FileId,
    pub(super) print: Print,
    /// Everything before this byte is acknowledged or put aside.
    pub(super) position: u64,
    /// Whether everything up to its end was put.
    pub(super) is_done: bool,
    /// What the file looked like when nothing of it was unread. It needs not be opened as long as it looks so.
    #[serde(default)]
    at_rest: Option<Stamp>,
}

#[derive(Default, Serialize, Deserialize)]
struct Saved {
    version: u32,
    places: Vec<Place>,
    /// Files that were truncated. What was unread of them may be in copies.
    #[serde(default)]
    cut: Vec<Place>,
    /// The flows that were followed before.
    #[serde(default)]
    begun: BTreeSet<String>,
}

impl Place {
    /// Whether everything in a file of this length was put.
    pub(super) fn is_put_to(&self, bytes: u64) -> bool {
        let line_end_bytes = if self.is_done { LINE_END_BYTES } else { 0 };
        self.position + line_end_bytes >= bytes
    }
}

/// How far a file was put.
pub(super) struct Noted<'a> {
    pub(super) flow: &'a str,
    pub(super) path: &'a Path,
    /// What it began with when it was read.
    pub(super) print: Print,
    pub(super) position: u64,
}

/// The places of all files. Clones share the same places.
#[derive(Clone)]
pub(super) struct Places {
    path: PathBuf,
    state: Arc<Mutex<State>>,
    _lock: Arc<Option<LockFile>>,
}

#[derive(Default)]
struct State {
    places: BTreeMap<(String, FileId), Place>,
    cut: Vec<Place>,
    begun: BTreeSet<String>,
    is_changed: bool,
}

impl State {
    /// Notes that a file was truncated or contains something else now.
    fn cut(&mut self, key: &(String, FileId)) {
        if let Some(place) = self.places.remove(key).filter(|place| place.print.bytes >= COPY_BYTES) {
            self.cut.push(place);
            let over = self.cut.len().saturating_sub(MAX_CUT);
            self.cut.drain(..over);
        }
        self.is_changed = true;
    }
}

impl Places {
    /// Opens the places in a folder, and locks them against other processes.
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let at = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        fs::create_dir_all(folder).map_err(|error| at(folder, &error))?;
        let lock = LockFile::take(&folder.join("follow.lock")).map_err(|error| match error {
            NotLocked::Held => at(folder, &"another kinflow follows by these places"),
            error => at(&folder.join("follow.lock"), &error),
        })?;
        let path = folder.join("places.json");
        let saved = match fs::read(&path) {
            Ok(json) => serde_json::from_slice::<Saved>(&json).map_err(|error| {
                at(&path, &format!("{error}; move it away to read every file from its beginning"))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Saved { version: VERSION, ..Saved::default() }
            }
            Err(error) => return Err(at(&path, &error)),
        };
        if saved.version != VERSION {
            return Err(at(&path, &format!("is of version {}, expected {VERSION}", saved.version)));
        }
        let Saved { places, cut, begun, .. } = saved;
        let places = places.into_iter().map(|place| ((place.flow.clone(), place.id), place)).collect();
        let state = Arc::new(Mutex::new(State { places, cut, begun, is_changed: false }));
        Ok(Self { path, state, _lock: Arc::new(lock) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a flow is followed. Returns whether it never was before.
    pub(super) fn begin(&self, flow: &str) -> bool {
        let mut state = self.state();
        let is_new = state.begun.insert(flow.to_owned());
        state.is_changed |= is_new;
        is_new && !state.places.keys().any(|(of, _)| of == flow)
    }

    /// Forgets files that are gone, if there are too many. A file that is there is never forgotten, since it would be
    /// put a second time.
    pub(super) fn bound(&self, is_there: impl Fn(&str, FileId) -> bool) {
        let mut state = self.state();
        let mut over = state.places.len().saturating_sub(MAX_PLACES);
        if over == 0 {
            return;
        }
        state.places.retain(|(flow, id), _| {
            let is_forgotten = over > 0 && !is_there(flow, *id);
            over -= usize::from(is_forgotten);
            !is_forgotten
        });
    }

    /// Whether the flow has files that may not be read to their end. They are recognised by their content, since their
    /// names may have changed.
    pub(super) fn has_open(&self, flow: &str) -> bool {
        let state = self.state();
        let mut open = state.places.values().filter(|place| !place.is_done).chain(&state.cut);
        open.any(|place| place.flow == flow)
    }

    /// Finds the place of a file, or the place of the file that it is a copy of. Returns `None` for an unknown file.
    pub(super) fn find(&self, flow: &str, file: &File) -> io::Result<Option<Place>> {
        let metadata = file.metadata()?;
        let fits = |place: &Place| place.position <= metadata.len() && place.print.is_of(file);
        let key = (flow.to_owned(), FileId::of(&metadata));
        let mut state = self.state();
        match state.places.get(&key) {
            Some(place) if fits(place) => return Ok(Some(place.clone())),
            Some(_) => state.cut(&key),
            None => {}
        }
        let mut cut = state.cut.iter().filter(|place| place.flow == flow);
        Ok(cut.find(|place| fits(place)).cloned())
    }

    /// Notes how far a file was put.
    pub(super) fn note(&self, noted: Noted<'_>, file: &File) -> io::Result<()> {
        let Noted { flow, path, print, position } = noted;
        let key = (flow.to_owned(), FileId::of(&file.metadata()?));
        let mut state = self.state();
        state.is_changed = true;
        if !state.places.contains_key(&key) {
            // If the file is a copy, it has a place of its own from now on.
            state.cut.retain(|place| place.flow != flow || !place.print.is_of(file));
        }
        let (flow, path) = (flow.to_owned(), path.to_owned());
        let place = Place { flow, path, id: key.1, print, position, is_done: false, at_rest: None };
        state.places.insert(key, place);
        Ok(())
    }

    /// Notes that nothing of a file is unread as long as it looks so.
    pub(super) fn rest(&self, flow: &str, id: FileId, stamp: &Stamp) {
        let mut state = self.state();
        if let Some(place) = state.places.get_mut(&(flow.to_owned(), id)) {
            place.at_rest = Some(stamp.clone());
            state.is_changed = true;
        }
    }

    /// Whether nothing of a file is unread, by what it looks like.
    pub(super) fn is_at_rest(&self, flow: &str, id: FileId, stamp: &Stamp) -> bool {
        let state = self.state();
        let place = state.places.get(&(flow.to_owned(), id));
        place.is_some_and(|place| place.at_rest.as_ref() == Some(stamp))
    }

    /// Notes that a file was put to its end, or that it was truncated.
    pub(super) fn end(&self, flow: &str, id: FileId, was_cut: bool) {
        let key = (flow.to_owned(), id);
        let mut state = self.state();
        if was_cut {
            state.cut(&key);
        } else if let Some(place) = state.places.get_mut(&key) {
            place.is_done = true;
            state.is_changed = true;
        }
    }

    /// Saves the places if they changed. The error names the file.
    pub(super) fn save(&self) -> Result<(), String> {
        let saved = {
            let mut state = self.state();
            if !std::mem::take(&mut state.is_changed) {
                return Ok(());
            }
            let places = state.places.values().cloned().collect();
            Saved { version: VERSION, places, cut: state.cut.clone(), begun: state.begun.clone() }
        };
        let part = self.path.with_extension("part");
        let json = serde_json::to_vec(&saved).map_err(|error| error.to_string());
        let written = json.and_then(|json| {
            fs::write(&part, json)
                .and_then(|()| fs::rename(&part, &self.path))
                .map_err(|error| error.to_string())
        });
        written.map_err(|error| {
            self.state().is_changed = true;
            format!("{}: {error}; what is put from now on may be put twice", self.path.display())
        })
    }
}

#[cfg(test)]
mod tests;
