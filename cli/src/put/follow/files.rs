//! Finds the files of all flows that may have unread bytes, and follows as many of them at once as a process may have
//! open. If there are more, they take turns: those that were never followed come first, and of these the oldest.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::task::JoinSet;

use super::config::{Flow, From};
use super::follower::{Ended, Follower};
use super::growing::{FileId, Print, Shared, Stamp};
use super::{World, places};

/// The number of files that are followed at once. Each takes up to four descriptors, and macOS gives a process 256.
const AT_ONCE: usize = 50;
/// The time between two looks into the folders: as long as every file is followed, and while some have to wait.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_millis(50));

/// A flow and a file.
type Key = (usize, FileId);

/// The files of all flows.
pub(super) struct Files {
    world: Arc<World>,
    flows: Vec<Arc<Flow>>,
    known: BTreeMap<Key, Known>,
    followers: JoinSet<(Key, Ended)>,
    looks: u64,
}

/// What is known of a file that was seen in the last look.
#[derive(Default)]
struct Known {
    is_at_work: bool,
    /// Set if nothing in the file can be put before it changes.
    rest: Option<Rest>,
    /// The number of the look before which it was followed, 0 if it never was.
    turn: u64,
    seen: u64,
}

/// A file that has nothing to put as long as it looks like this.
struct Rest {
    stamp: Stamp,
    /// When the half line at its end is complete, if it has one.
    until: Option<SystemTime>,
}

impl Rest {
    fn holds(&self, stamp: &Stamp) -> bool {
        self.stamp == *stamp && self.until.is_none_or(|until| SystemTime::now() < until)
    }
}

/// A file that may have unread bytes.
struct Waiting {
    key: Key,
    path: PathBuf,
    is_named: bool,
    turn: u64,
    changed: SystemTime,
}

impl Files {
    pub(super) fn of(world: &Arc<World>, flows: Vec<Arc<Flow>>) -> Self {
        let world = Arc::clone(world);
        let mut files = Self { world, flows, known: BTreeMap::new(), followers: JoinSet::new(), looks: 0 };
        files.begin();
        files
    }

    /// Notes the ends of files whose content at the first start is ignored.
    fn begin(&mut self) {
        let world = Arc::clone(&self.world);
        for flow in &self.flows {
            if world.places.begin(&flow.id) && flow.from == From::End {
                for (path, metadata) in entries(flow).into_iter().flatten() {
                    if flow.has_path(&path)
                        && let Ok(file) = File::open(&path)
                        && let Ok(print) = Print::of(&file)
                    {
                        let (flow, position) = (flow.id.as_str(), metadata.len());
                        let noted = places::Noted { flow, path: &path, print, position };
                        if let Err(error) = world.places.note(noted, &file) {
                            world.say_of(&path, error.to_string());
                        }
                    }
                }
            }
        }
    }

    /// Looks into the folders, and follows the files that have unread bytes. Returns how soon the next look is due.
    pub(super) fn look(&mut self) -> Duration {
        while let Some(Ok((key, ended))) = self.followers.try_join_next() {
            self.settle(key, ended);
        }
        self.looks += 1;
        let (mut waiting, is_whole) = self.waiting();
        waiting.sort_by_key(|file| (file.turn, file.changed));
        let mut waiting = waiting.into_iter();
        while self.followers.len() < AT_ONCE
            && let Some(file) = waiting.next()
        {
            self.follow(file);
        }
        let is_crowded = waiting.next().is_some();
        self.world.is_crowded.store(is_crowded, Ordering::Relaxed);
        if is_whole {
            self.forget_what_is_gone();
        }
        if is_crowded { LOOK_EVERY.1 } else { LOOK_EVERY.0 }
    }

    fn forget_what_is_gone(&mut self) {
        let looks = self.looks;
        self.known.retain(|_, known| known.is_at_work || known.seen == looks);
        let is_there = |id: &str, file: FileId| {
            let number = self.flows.iter().position(|flow| flow.id == id);
            number.is_some_and(|number| self.known.contains_key(&(number, file)))
        };
        self.world.places.bound(is_there);
    }

    /// Waits for every follower, each of which ends by itself once what it has read is acknowledged.
    pub(super) async fn stop(mut self) {
        while let Some(ended) = self.followers.join_next().await {
            if let Ok((key, ended)) = ended {
                self.settle(key, ended);
            }
        }
    }

    /// The files that may have unread bytes, by what can be told without opening them, and whether every folder could be
    /// read.
    fn waiting(&mut self) -> (Vec<Waiting>, bool) {
        let (mut waiting, mut is_whole) = (Vec::new(), true);
        for (number, flow) in self.flows.iter().enumerate() {
            // A file that lost its name is recognised by what it contains.
            let has_open = self.world.places.has_open(&flow.id);
            let entries = match entries(flow) {
                Ok(entries) => entries,
                Err(error) => {
                    self.world.say_of(&flow.folder, format!("is waited for: {error}"));
                    is_whole = false;
                    continue;
                }
            };
            for (path, metadata) in entries {
                let (is_named, key) = (flow.has_path(&path), (number, FileId::of(&metadata)));
                if !(is_named || has_open) {
                    continue;
                }
                let stamp = Stamp::of(&metadata);
                let known = self.known.entry(key).or_default();
                if known.seen == 0 && self.world.places.is_at_rest(&flow.id, key.1, &stamp) {
                    known.rest = Some(Rest { stamp: stamp.clone(), until: None });
                }
                known.seen = self.looks;
                let is_at_rest = known.rest.as_ref().is_some_and(|rest| rest.holds(&stamp));
                if !known.is_at_work && !is_at_rest {
                    let changed = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    waiting.push(Waiting { key, path, is_named, turn: known.turn, changed });
                }
            }
        }
        (waiting, is_whole)
    }

    /// Follows a file if it has unread bytes.
    fn follow(&mut self, waiting: Waiting) {
        let Waiting { key, path, is_named, .. } = waiting;
        let (Some(flow), Some(known)) = (self.flows.get(key.0), self.known.get_mut(&key)) else { return };
        match begins(&self.world, flow, &path, is_named) {
            // Its name belongs to another file since.
            Ok((file, _)) if FileId::of_file(&file).ok() != Some(key.1) => {}
            Ok((file, Begin::At(position, print))) => {
                (known.is_at_work, known.turn, known.rest) = (true, self.looks, None);
                let (world, flow) = (Arc::clone(&self.world), Arc::clone(flow));
                let shared = Shared { print: Arc::new(Mutex::new(print)), ..Shared::default() };
                let follower = Follower { world, flow, path, file, position, shared };
                self.followers.spawn(async move { (key, follower.run().await) });
            }
            Ok((_, Begin::Rest(stamp))) if stamp.is_settled() => {
                self.world.places.rest(&flow.id, key.1, &stamp);
                known.rest = Some(Rest { stamp, until: None });
            }
            Ok((_, Begin::Rest(_) | Begin::Unknown)) => {}
            // It was removed or renamed since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.world.say_of(&path, format!("can't be read: {error}")),
        }
    }

    /// Notes how following a file ended, so that it can be followed again.
    fn settle(&mut self, (number, file): Key, ended: Ended) {
        let Some(flow) = self.flows.get(number) else { return };
        let known = self.known.entry((number, file)).or_default();
        known.is_at_work = false;
        match ended {
            Ended::Done => self.world.places.end(&flow.id, file, false),
            Ended::Cut => self.world.places.end(&flow.id, file, true),
            Ended::Paused(stamp) => {
                known.rest = stamp.map(|stamp| Rest { until: stamp.closed_at(), stamp });
            }
            Ended::Stopped => {}
        }
    }
}

/// Where reading of a file begins.
enum Begin {
    At(u64, Print),
    /// Nothing in it is unread.
    Rest(Stamp),
    /// It is not of the flow, unless it turns out to be the copy of a file that is truncated later.
    Unknown,
}

/// Opens a file, and finds where its unread bytes begin.
fn begins(world: &World, flow: &Flow, path: &Path, is_named: bool) -> io::Result<(File, Begin)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let begin = match world.places.find(&flow.id, &file)? {
        Some(place) if place.is_put_to(metadata.len()) => Begin::Rest(Stamp::of(&metadata)),
        Some(place) => Begin::At(place.position, place.print),
        None if is_named => Begin::At(0, Print::of(&file)?),
        None => Begin::Unknown,
    };
    Ok((file, begin))
}

/// The files in a flow's folder. A symbolic link stands for the file itself.
fn entries(flow: &Flow) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let paths = fs::read_dir(&flow.folder)?.flatten().map(|entry| entry.path());
    let entries = paths.filter_map(|path| fs::metadata(&path).ok().map(|metadata| (path, metadata)));
    Ok(entries.filter(|(_, metadata)| metadata.is_file()).collect())
}
