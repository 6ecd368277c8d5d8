//! Follows one file: puts it on its stream from the last saved place on, until the file ends or the command is stopped.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use edge::aws::KinesisSink;
use edge::clock::now_ms;
use edge::ingest::{Checkpointer, FeedLimits, FeedReport, Ingest, IngestSettings};
use edge::logging::chain;
use edge::put_records::{EngineSettings, ShardRate};
use edge::sources::{FileForm, FileSource, Resume};

use super::config::{Flow, Form};
use super::growing::{Ending, FileId, GrowingFile, Shared, Stamp, Turn};
use super::log_lines::LogLines;
use super::{AGAIN_AFTER, World, places};
use crate::put::patient::Patient;
use crate::put::quarantine_file::QuarantineFile;

/// How long one record is tried. Following goes on for ever, so no record is given up because a stream can't be
/// reached.
const PATIENCE: Duration = Duration::from_hours(24 * 365);

/// A file that is followed.
pub(super) struct Follower {
    pub(super) world: Arc<World>,
    pub(super) flow: Arc<Flow>,
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Everything before this byte was put.
    pub(super) position: u64,
    pub(super) shared: Shared,
}

/// The reason why a file is not followed any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was put to its end, and nobody writes to it any more.
    Done,
    /// It was truncated or now contains something else.
    Cut,
    /// It makes room for other files. With a stamp, nothing in it can be put before it changes.
    Paused(Option<Stamp>),
    /// The command is being stopped.
    Stopped,
}

impl Follower {
    /// Puts what the file contains and what is written to it. After an error it tries again from the last saved place.
    pub(super) async fn run(mut self) -> Ended {
        loop {
            let ended = self.once().await;
            if self.world.stop.flag.load(Ordering::Relaxed) {
                return Ended::Stopped;
            }
            match ended {
                Ok(Some(ended)) => return ended,
                Ok(None) => {}
                Err(error) => {
                    self.world.say_of(&self.path, format!("is tried again: {error}"));
                    tokio::time::sleep(AGAIN_AFTER).await;
                    if self.world.is_crowded.load(Ordering::Relaxed) {
                        return Ended::Paused(None);
                    }
                }
            }
        }
    }

    /// Reads and puts the file once. Returns `None` if it has to be read on from the place up to which it was put.
    async fn once(&mut self) -> Result<Option<Ended>, String> {
        let (world, flow) = (Arc::clone(&self.world), Arc::clone(&self.flow));
        let ingest = self.open().await?;
        let readable = |error: std::io::Error| error.to_string();
        let file = self.file.try_clone().map_err(readable)?;
        let number = edge_number(FileId::of_file(&file).map_err(readable)?);
        let turn = Turn { is_crowded: Arc::clone(&world.is_crowded), wait: flow.form.wait() };
        let growing = GrowingFile::new(file, &self.path, self.shared.clone(), turn).map_err(readable)?;
        let source = self.source(growing)?;
        let name = self.path.file_name().unwrap_or_default();
        let quarantine = QuarantineFile::beside(&world.state.join(name), &flow.stream);
        let stop = Arc::clone(&world.stop.flag);
        let limits = FeedLimits { stop, follows: true, ..FeedLimits::default() };
        let mut noted = Noted { follower: self, number, read: 0 };
        let mut report = Box::pin(ingest.run(source, &quarantine, &mut noted, limits)).await;
        let read = report.read - noted.read;
        world.rates.read(&flow.stream, read);
        world.rates.refused(&flow.stream, report.quarantined);
        world.rates.closed(&flow.stream, number);
        self.keep(&report);
        let ending = self.shared.ending.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (ending, report.failure()) {
            (Some(Ending::Paused(stamp)), _) => Ok(Some(Ended::Paused(stamp))),
            (_, Some(failure)) => {
                world.streams.forget(&flow.stream).await;
                Err(chain(&*failure))
            }
            (Some(Ending::Cut), None) => Ok(Some(Ended::Cut)),
            (None, None) => Ok(report.done.then_some(Ended::Done)),
        }
    }

    fn source(&self, growing: GrowingFile) -> Result<Patient, String> {
        let name = self.path.display().to_string();
        let position = self.position;
        Ok(match &self.flow.form {
            Form::File(format) => {
                let schema = self.flow.schema.clone();
                let form = FileForm { format: *format, schema, name, ingested_at_ms: now_ms() };
                Patient::over(FileSource::new(growing, form, position), position)
            }
            Form::Log(form) => {
                let lines = LogLines::new(growing, form.clone(), (name, now_ms()), position);
                Patient::over(lines.map_err(|error| chain(&error))?, position)
            }
        })
    }

    async fn open(&self) -> Result<Ingest<KinesisSink>, String> {
        let (world, flow) = (&self.world, &self.flow);
        let engine = EngineSettings {
            shard_rate: flow.keep_shard_limits.then_some(ShardRate::KINESIS),
            patience: PATIENCE,
            ..EngineSettings::default()
        };
        let settings = IngestSettings {
            packing: flow.packing.clone(),
            engine,
            max_record_bytes: None,
            active_by: tokio::time::Instant::now(),
        };
        let stream = world.streams.ready(&flow.stream, world).await?;
        Ingest::to(stream, &flow.schema, settings).map_err(|error| {
            format!("{} can't be put to: {}", world.streams.place(&flow.stream), chain(&error))
        })
    }

    /// Notes the place up to which everything is acknowledged or put aside.
    fn keep(&mut self, report: &FeedReport) {
        if let Some(resume) = &report.resume {
            self.note(resume.position);
        }
    }

    fn note(&mut self, position: u64) {
        self.position = position;
        let print = self.shared.print.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let noted = places::Noted { flow: &self.flow.id, path: &self.path, print, position };
        if let Err(error) = self.world.places.note(noted, &self.file) {
            self.world.say_of(&self.path, error.to_string());
        }
    }
}

/// A number that identifies a file for the progress lines.
fn edge_number(id: FileId) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// Notes how far a file was put, and shows it.
struct Noted<'a> {
    follower: &'a mut Follower,
    number: u64,
    read: u64,
}

impl Checkpointer for Noted<'_> {
    async fn at(&mut self, read: u64, resume: Resume) {
        let Follower { world, flow, file, position, .. } = &mut *self.follower;
        world.rates.read(&flow.stream, read - self.read);
        self.read = read;
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        world.rates.at(&flow.stream, self.number, resume.position, bytes);
        if *position != resume.position {
            self.follower.note(resume.position);
        }
    }
}
