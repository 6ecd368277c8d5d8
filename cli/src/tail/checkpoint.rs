//! How far streams were shown, in a small file, so that the next tail of its name goes on there.
//!
//! The file never says more than was shown, because records are written out first. A tail that is killed therefore shows
//! its last records once more, and leaves none out.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use edge::clock::now_ms;
use edge::put_records::StreamIdentity;
use edge::read_stream::{FirstPiece, From, Reached, ReadSettings};
use record_model::keys::SequenceNumber;
use serde::{Deserialize, Serialize};

use crate::lock_file::{LockFile, NotLocked};

/// Version of the file's form.
const VERSION: u32 = 1;
/// How often the file is written while records come.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// How far the clocks of this machine and of Kinesis may be apart, where a tail began with what came from then on.
const CLOCKS_MS: i64 = 10_000;
/// How long the pieces of a message are waited for, by the times of their arrival.
const PIECES_WITHIN_MS: i64 = 3_600_000;

/// The checkpoint of one name.
pub(super) struct Checkpoint {
    path: PathBuf,
    streams: BTreeMap<String, Progress>,
    /// The latest arrival that was shown, by stream.
    newest_ms: BTreeMap<String, i64>,
    saved_at: Instant,
    _lock: Option<LockFile>,
}

/// A stream that is about to be read.
pub(super) struct Target<'a> {
    pub(super) stream: &'a str,
    /// The server's URL, or the region of AWS.
    pub(super) endpoint: String,
    pub(super) identity: StreamIdentity,
    pub(super) retention_hours: i32,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    streams: BTreeMap<String, Progress>,
}

/// How far one stream was shown.
#[derive(Clone, Serialize, Deserialize)]
struct Progress {
    endpoint: String,
    #[serde(flatten)]
    identity: StreamIdentity,
    saved_at_ms: i64,
    /// Where shards begin that are not among those below.
    others_from: OthersFrom,
    shards: BTreeMap<String, Shown>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OthersFrom {
    Oldest,
    /// Unix milliseconds.
    Time(i64),
}

/// How far a shard was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shown {
    /// To the Kinesis record with this number.
    After(String),
    /// To the middle of this Kinesis record, of which so many user records were shown.
    Within {
        number: String,
        records: u64,
    },
    End,
}

impl Checkpoint {
    /// Opens `NAME.tail.json`, which no other tail has open meanwhile.
    pub(super) fn open(name: &Path) -> Result<Self, Box<dyn Error>> {
        let lock = lock(name)?;
        let path = beside(name, "tail.json");
        let streams = match fs::read(&path) {
            Ok(json) => parsed(&path, &json)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        Ok(Self { path, streams, newest_ms: BTreeMap::new(), saved_at: Instant::now(), _lock: lock })
    }

    /// Lets a stream begin where the checkpoint ends, if it is of this very stream, and else where the settings say. Returns
    /// what is to be told.
    pub(super) fn begin(&mut self, target: Target<'_>, settings: &mut ReadSettings) -> Option<String> {
        let Target { stream, endpoint, identity, retention_hours } = target;
        let path = self.path.display();
        let known = self.streams.get(stream);
        let is_same = |known: &&Progress| known.endpoint == endpoint && known.identity == identity;
        if let Some(known) = known.filter(is_same) {
            known.apply(settings);
            let kept_since_ms = now_ms() - i64::from(retention_hours) * 3_600_000;
            let lost = if known.saved_at_ms < kept_since_ms {
                format!(
                    "; it keeps records for {retention_hours} h, and what it dropped since then is missing"
                )
            } else {
                String::new()
            };
            return Some(format!("{stream}: continuing where {path} ends{lost}"));
        }
        let notice = known.map(|known| {
            format!(
                "{stream}: starting over: {path} is of another stream of this name, {} at {}",
                known.identity.arn, known.endpoint
            )
        });
        let others_from = match settings.from {
            From::Oldest | From::Number(_) => OthersFrom::Oldest,
            From::Time(at_ms) => OthersFrom::Time(at_ms),
            From::Latest => OthersFrom::Time(now_ms() - CLOCKS_MS),
        };
        let (shards, saved_at_ms) = (BTreeMap::new(), now_ms());
        let progress = Progress { endpoint, identity, saved_at_ms, others_from, shards };
        self.streams.insert(stream.to_owned(), progress);
        notice
    }

    /// The record of a shard of which only some user records were shown, and how many.
    pub(super) fn shown_within(&self, stream: &str, shard: &str) -> Option<(String, u64)> {
        match self.streams.get(stream)?.shards.get(shard)? {
            Shown::Within { number, records } => Some((number.clone(), *records)),
            Shown::After(_) | Shown::End => None,
        }
    }

    /// A shard was shown to this Kinesis record; of its user records only so many, where a number is given.
    pub(super) fn shown(&mut self, stream: &str, shard: &str, last: Last<'_>) {
        let newest_ms = self.newest_ms.entry(stream.to_owned()).or_default();
        *newest_ms = last.arrived_at_ms.max(*newest_ms);
        let number = last.number.to_owned();
        let shown = match last.within {
            None => Shown::After(number),
            Some(records) => Shown::Within { number, records },
        };
        self.set(stream, shard, shown);
    }

    /// A shard was shown to its end.
    pub(super) fn ended(&mut self, stream: &str, shard: &str) {
        self.set(stream, shard, Shown::End);
    }

    fn set(&mut self, stream: &str, shard: &str, shown: Shown) {
        if let Some(progress) = self.streams.get_mut(stream) {
            progress.shards.insert(shard.to_owned(), shown);
        }
    }

    /// Writes the file where it is time to.
    pub(super) fn save_if_due<'a>(
        &mut self,
        pieces: impl Iterator<Item = &'a FirstPiece>,
    ) -> Result<(), Box<dyn Error>> {
        if self.saved_at.elapsed() < SAVE_EVERY { Ok(()) } else { self.save(pieces) }
    }

    /// Writes the file, whole or not at all. A shard with the first piece of a message that is not whole was shown to the
    /// record before that piece.
    pub(super) fn save<'a>(
        &mut self,
        pieces: impl Iterator<Item = &'a FirstPiece>,
    ) -> Result<(), Box<dyn Error>> {
        self.saved_at = Instant::now();
        let mut streams = self.streams.clone();
        for progress in streams.values_mut() {
            progress.saved_at_ms = now_ms();
        }
        for piece in pieces {
            let newest_ms = self.newest_ms.get(&piece.stream).copied().unwrap_or_default();
            if piece.arrived_at_ms + PIECES_WITHIN_MS >= newest_ms
                && let Some(progress) = streams.get_mut(&piece.stream)
            {
                progress.hold_at(piece);
            }
        }
        let part = self.path.with_extension("part");
        let json = serde_json::to_vec(&Saved { version: VERSION, streams })?;
        fs::write(&part, json).and_then(|()| fs::rename(&part, &self.path)).map_err(|error| {
            format!("{}: {error}; the next tail may show records twice", self.path.display()).into()
        })
    }
}

/// The last record of a shard that was shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last<'a> {
    pub(super) number: &'a str,
    pub(super) arrived_at_ms: i64,
    /// How many of its user records were shown, where not all were.
    pub(super) within: Option<u64>,
}

impl Progress {
    fn apply(&self, settings: &mut ReadSettings) {
        settings.from = match self.others_from {
            OthersFrom::Oldest => From::Oldest,
            OthersFrom::Time(at_ms) => From::Time(at_ms),
        };
        let reached = self.shards.iter().map(|(shard, shown)| {
            let reached = match shown {
                Shown::After(number) => Reached::After(number.clone()),
                Shown::Within { number, .. } => Reached::At(number.clone()),
                Shown::End => Reached::End,
            };
            (shard.clone(), reached)
        });
        settings.reached = reached.collect();
    }

    fn hold_at(&mut self, piece: &FirstPiece) {
        let is_earlier = |number: &str| match (number.parse::<SequenceNumber>(), piece.number.parse()) {
            (Ok(number), Ok(first)) => number < first,
            _ => false,
        };
        // Another piece may hold the shard at an earlier record already.
        let is_held = self.shards.get(&piece.shard).is_some_and(|shown| match shown {
            Shown::Within { number, records: 0 } => is_earlier(number),
            _ => false,
        });
        if !is_held {
            let held = Shown::Within { number: piece.number.clone(), records: 0 };
            self.shards.insert(piece.shard.clone(), held);
        }
    }
}

fn parsed(path: &Path, json: &[u8]) -> Result<BTreeMap<String, Progress>, String> {
    let told = |what: String| {
        format!("{}: {what}; move it away to begin a new checkpoint of this name", path.display())
    };
    let Saved { version, streams } =
        serde_json::from_slice(json).map_err(|error| told(format!("is no checkpoint ({error})")))?;
    if version == VERSION {
        Ok(streams)
    } else {
        Err(told(format!("is of version {version}, expected {VERSION}")))
    }
}

fn lock(name: &Path) -> Result<Option<LockFile>, String> {
    let path = beside(name, "tail.lock");
    LockFile::take(&path).map_err(|error| match error {
        NotLocked::Held => format!(
            "another tail has the checkpoint {:?} open: wait for its end, or give another name to --resume",
            name.display()
        ),
        NotLocked::Unmade(error) => {
            format!("{}: {error}; --resume needs a folder that it may write to", path.display())
        }
        error @ NotLocked::Failed(_) => format!("{}: {error}", path.display()),
    })
}

/// `NAME.ENDING`.
fn beside(name: &Path, ending: &str) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(format!(".{ending}"));
    path.into()
}
