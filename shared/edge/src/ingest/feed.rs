//! A whole run: from a source through a packer into an engine, with what can't be sent put aside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::BoxError;
use crate::put_records::{Engine, Entry, Packer, PutReport, StopReason};
use crate::sources::{Next, Resume, Source, SourceError};

/// Where a run puts what no stream will take.
pub trait Quarantine: Send {
    /// Keeps one record; once this is done the source is free to move past it. Putting the same
    /// record twice keeps it once.
    fn put(&mut self, rejected: Rejected<'_>) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// A record that is put aside.
#[derive(Debug, Clone, Copy)]
pub struct Rejected<'a> {
    /// As the source or the packer left it.
    pub payload: &'a [u8],
    /// Where it is in its source.
    pub position: u64,
    /// User records inside.
    pub records: u32,
    /// Why, in a short stable word.
    pub kind: &'static str,
    /// Why, as one line without payload text.
    pub message: &'a str,
}

impl<'a> Rejected<'a> {
    fn one(payload: &'a [u8], position: u64, kind: &'static str, message: &'a str) -> Self {
        Self { payload, position, records: 1, kind, message }
    }
}

/// How far a run may go.
#[derive(Debug, Clone, Default)]
pub struct FeedLimits {
    /// No record is read once this is set.
    pub stop: Arc<AtomicBool>,
    /// No record is read after this.
    pub stop_at: Option<Instant>,
    /// Records a second that are read at most.
    pub records_per_s: Option<f64>,
}

/// What became of a source's records in one run.
#[derive(Debug, Default)]
pub struct FeedReport {
    /// Records read, good and bad.
    pub read: u64,
    /// User records the stream acknowledged.
    pub put: u64,
    /// Records put aside.
    pub quarantined: u64,
    /// Whether the source was read to its end and every record is sent or put aside.
    pub done: bool,
    /// Whether the source has more, but not before a while.
    pub asked_to_wait: bool,
    /// Where the next run starts so that none is missed; `None` where this one started.
    pub resume: Option<Resume>,
    /// Why the run broke off, if something failed. What was sent until then stays sent.
    pub error: Option<FeedError>,
    /// The engine's account.
    pub engine: PutReport,
}

impl FeedReport {
    /// Takes out what ended the run before its time, if something failed.
    pub fn failure(&mut self) -> Option<BoxError> {
        let stopped = match self.engine.stopped.take_if(|stopped| matches!(stopped, StopReason::Fatal(_))) {
            Some(StopReason::Fatal(error)) => Some(error),
            _ => None,
        };
        self.error.take().map(BoxError::from).or(stopped)
    }
}

/// Why a run broke off.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The source gave no record.
    #[error("could not read on")]
    Source(#[from] SourceError),
    /// A record could be neither sent nor put aside.
    #[error("could not put a record aside")]
    Quarantine(#[source] BoxError),
}

/// Told after every few records of a run, as for a progress bar or a cursor.
pub trait Progress: Send {
    /// So many records are read; everything before `resume` is acknowledged or put aside.
    fn at(&mut self, read: u64, resume: Resume) -> impl Future<Output = ()> + Send;
}

/// Nobody watches.
impl Progress for () {
    async fn at(&mut self, _read: u64, _resume: Resume) {}
}

/// Records between two calls of [`Progress::at`].
const PROGRESS_RECORDS: u64 = 500;

/// Everything a run needs besides its source.
pub struct Feed<'a, Q, P> {
    /// Makes entries of records.
    pub packer: Packer,
    /// Sends the entries.
    pub engine: Engine,
    /// Keeps what no stream takes.
    pub quarantine: &'a mut Q,
    /// Is told how far the run has come.
    pub progress: &'a mut P,
    /// How far the run may go.
    pub limits: FeedLimits,
}

/// Sends what `source` has. Ends with the source, at a limit, when the engine stops, or when
/// something fails; the report says which, and where to go on.
pub async fn feed<S: Source, Q: Quarantine, P: Progress>(source: S, feed: Feed<'_, Q, P>) -> FeedReport {
    let Feed { packer, engine, quarantine, progress, limits } = feed;
    let (report, next, not_taken) = (FeedReport::default(), None, None);
    let mut run = Run { source, packer, engine, quarantine, limits, report, next, not_taken };
    let ended = run.read_all(progress).await;
    let flushed = run.flush().await;
    run.finish(ended.and_then(|at_end| flushed.map(|()| at_end))).await
}

struct Run<'a, S, Q> {
    source: S,
    packer: Packer,
    engine: Engine,
    quarantine: &'a mut Q,
    limits: FeedLimits,
    report: FeedReport,
    /// The position after the last record read.
    next: Option<u64>,
    /// The first position the engine did not take any more.
    not_taken: Option<u64>,
}

impl<S: Source, Q: Quarantine> Run<'_, S, Q> {
    /// Whether the source is at its end.
    async fn read_all<P: Progress>(&mut self, progress: &mut P) -> Result<bool, FeedError> {
        let started = Instant::now();
        let (mut payload, mut entries) = (Vec::new(), Vec::new());
        while !self.is_over() {
            self.keep_rate(started).await;
            match self.source.next(&mut payload).await? {
                Next::End { position } => {
                    self.next = Some(position);
                    return Ok(true);
                }
                Next::Wait { position } => {
                    self.next = Some(position);
                    self.report.asked_to_wait = true;
                    return Ok(false);
                }
                Next::Record { position, next } => {
                    self.report.read += 1;
                    self.packer.set_shards(self.engine.shards(), &mut entries);
                    self.packer.end_line(&mut payload);
                    if let Err(error) = self.packer.pack(&payload, position, &mut entries) {
                        let message = error.to_string();
                        self.put_aside(Rejected::one(&payload, position, error.kind(), &message)).await?;
                    }
                    self.next = Some(next);
                }
                Next::Bad { position, next, error } => {
                    self.report.read += 1;
                    let message = error.to_string();
                    self.put_aside(Rejected::one(&payload, position, error.kind(), &message)).await?;
                    self.next = Some(next);
                }
            }
            self.push(&mut entries).await?;
            if self.report.read.is_multiple_of(PROGRESS_RECORDS)
                && let Some(position) = self.oldest_position()
            {
                progress.at(self.report.read, self.source.resume_at(position)).await;
            }
        }
        Ok(false)
    }

    fn is_over(&self) -> bool {
        self.not_taken.is_some()
            || self.limits.stop.load(Ordering::Relaxed)
            || self.limits.stop_at.is_some_and(|at| Instant::now() >= at)
    }

    /// Waits while more was read than the rate allows.
    async fn keep_rate(&self, started: Instant) {
        let Some(records_per_s) = self.limits.records_per_s else { return };
        #[allow(clippy::cast_precision_loss, reason = "a rate needs no 2^52 records")]
        let due_after_s = self.report.read as f64 / records_per_s;
        let due = started + Duration::try_from_secs_f64(due_after_s).unwrap_or_default();
        // Shorter waits than a timer's tick would only cost.
        if due > Instant::now() + Duration::from_millis(2) {
            tokio::time::sleep_until(due.min(self.limits.stop_at.unwrap_or(due))).await;
        }
    }

    /// Everything before this position is acknowledged or put aside.
    fn oldest_position(&self) -> Option<u64> {
        let open = [self.engine.oldest_position(), self.packer.oldest_position(), self.not_taken];
        open.into_iter().flatten().min().or(self.next)
    }

    async fn flush(&mut self) -> Result<(), FeedError> {
        let mut entries = Vec::new();
        self.packer.flush(&mut entries);
        self.push(&mut entries).await
    }

    async fn push(&mut self, entries: &mut Vec<Entry>) -> Result<(), FeedError> {
        for entry in entries.drain(..) {
            let position = entry.position;
            if let Err(error) = self.engine.check(&entry) {
                let (records, message) = (entry.records, error.to_string());
                let rejected = Rejected::one(&entry.data, position, "limit", &message);
                self.put_aside(Rejected { records, ..rejected }).await?;
            } else if self.engine.push(entry).await.is_err() {
                self.not_taken = Some(earliest(self.not_taken, position));
            }
        }
        Ok(())
    }

    async fn put_aside(&mut self, rejected: Rejected<'_>) -> Result<(), FeedError> {
        self.quarantine.put(rejected).await.map_err(FeedError::Quarantine)?;
        self.report.quarantined += u64::from(rejected.records);
        Ok(())
    }

    /// Waits for the engine, puts aside what it gave up, and closes the account.
    async fn finish(self, ended: Result<bool, FeedError>) -> FeedReport {
        let Self { source, engine, quarantine, mut report, next, not_taken, .. } = self;
        report.engine = engine.finish().await;
        report.put = report.engine.accepted_records;
        let mut left = not_taken;
        let at_end = ended.unwrap_or_else(|error| {
            report.error = Some(error);
            false
        });
        for unsent in &report.engine.unsent {
            let Entry { data, position, records, .. } = &unsent.entry;
            if !unsent.reason.is_given_up() {
                left = Some(earliest(left, *position));
                continue;
            }
            let (payload, position, records, kind) = (&data[..], *position, *records, unsent.reason.as_str());
            let rejected = Rejected { payload, position, records, kind, message: "given up by the producer" };
            match quarantine.put(rejected).await {
                Ok(()) => report.quarantined += u64::from(records),
                Err(error) => {
                    left = Some(earliest(left, position));
                    report.error.get_or_insert(FeedError::Quarantine(error));
                }
            }
        }
        report.done = at_end && left.is_none();
        report.resume = left.or(next).map(|position| source.resume_at(position));
        report
    }
}

fn earliest(known: Option<u64>, position: u64) -> u64 {
    known.map_or(position, |known| known.min(position))
}
