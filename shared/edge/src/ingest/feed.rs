//! Runs a whole source through a packer into an engine, and puts aside what can't be sent.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::quarantine::{Aside, Quarantine, Rejected, before};
use super::report::{FeedError, FeedReport};
use crate::put_records::{Engine, Entry, Packer, Unsent};
use crate::sources::{Next, Resume, Source, SourceError};

/// The limits of a run.
#[derive(Debug, Clone, Default)]
pub struct FeedLimits {
    /// No record is read once this is set.
    pub stop: Arc<AtomicBool>,
    /// No record is read after this.
    pub stop_at: Option<Instant>,
    /// No record is put aside after this. Those that are not put aside by then are read again.
    pub aside_by: Option<Instant>,
    /// The most records that are read in a second.
    pub records_per_s: Option<f64>,
    /// Whether a source that asks to wait is asked again at once, since it waits by itself: the run ends with the source
    /// or at a limit.
    pub follows: bool,
}

/// Told after every few records of a run, as for a progress bar or a cursor.
pub trait Checkpointer: Send {
    /// So many records are read; everything before `resume` is acknowledged or put aside.
    fn at(&mut self, read: u64, resume: Resume) -> impl Future<Output = ()> + Send;
}

/// Nobody watches.
impl Checkpointer for () {
    async fn at(&mut self, _read: u64, _resume: Resume) {}
}

/// Records between two calls of [`Checkpointer::at`].
const PROGRESS_RECORDS: u64 = 500;

/// Everything a run needs besides its source.
pub struct Feed<'a, Q, P> {
    /// Makes entries from records.
    pub packer: Packer,
    /// Sends the entries.
    pub engine: Engine,
    /// Keeps the records that no stream accepts.
    pub quarantine: &'a Q,
    /// Is told how far the run has come.
    pub checkpointer: &'a mut P,
    /// How far the run may go.
    pub limits: FeedLimits,
}

/// Sends what `source` has. Ends with the source, at a limit, when the engine stops, or when
/// something fails; the report says which, and where to go on.
pub async fn feed<S: Source, Q: Quarantine, P: Checkpointer>(source: S, feed: Feed<'_, Q, P>) -> FeedReport {
    let Feed { packer, engine, quarantine, checkpointer, limits } = feed;
    let aside = Aside::new(quarantine, limits.aside_by);
    let (report, next, not_taken) = (FeedReport::default(), None, None);
    let mut run = Run { source, packer, engine, aside, limits, report, next, not_taken };
    let ended = run.read_all(checkpointer).await;
    let flushed = run.flush().await;
    run.finish(ended.and_then(|at_end| flushed.map(|()| at_end))).await
}

struct Run<'a, S, Q> {
    source: S,
    packer: Packer,
    engine: Engine,
    aside: Aside<'a, Q>,
    limits: FeedLimits,
    report: FeedReport,
    /// The position after the last record read.
    next: Option<u64>,
    /// The first position that the engine no longer accepted.
    not_taken: Option<u64>,
}

impl<S: Source, Q: Quarantine> Run<'_, S, Q> {
    /// Whether the source is at its end.
    async fn read_all<P: Checkpointer>(&mut self, checkpointer: &mut P) -> Result<bool, FeedError> {
        let started = Instant::now();
        let (mut payload, mut entries) = (Vec::new(), Vec::new());
        loop {
            self.keep_rate(started).await;
            if self.is_over() {
                return Ok(false);
            }
            let Some(found) = self.read(&mut payload).await else { return Ok(false) };
            match found? {
                Next::End { position } => {
                    self.next = Some(position);
                    return Ok(true);
                }
                Next::Wait { position } if self.limits.follows => {
                    self.next = Some(position);
                    // Nothing comes for a while, so nothing is held back for company.
                    self.packer.flush(&mut entries);
                    self.push(&mut entries).await;
                    self.tell(checkpointer).await?;
                    continue;
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
                        self.refuse(&payload, position, (error.kind(), error.to_string()));
                    }
                    self.next = Some(next);
                }
                Next::Bad { position, next, error } => {
                    self.report.read += 1;
                    self.refuse(&payload, position, (error.kind(), error.to_string()));
                    self.next = Some(next);
                }
            }
            self.push(&mut entries).await;
            if self.aside.is_full() {
                self.put_aside().await?;
            }
            if self.report.read.is_multiple_of(PROGRESS_RECORDS) {
                self.tell(checkpointer).await?;
            }
        }
    }

    /// The next record, unless reading it takes longer than the run may. In that case the source is not read
    /// again.
    async fn read(&mut self, payload: &mut Vec<u8>) -> Option<Result<Next, SourceError>> {
        let mut next = pin!(self.source.next(payload));
        // Most records are at hand and need no timer.
        match futures::poll!(next.as_mut()) {
            Poll::Ready(found) => Some(found),
            Poll::Pending => before(self.limits.stop_at, next).await,
        }
    }

    /// Tells how far the run has come.
    async fn tell<P: Checkpointer>(&mut self, checkpointer: &mut P) -> Result<(), FeedError> {
        self.put_aside().await?;
        if let Some(position) = self.oldest_position() {
            checkpointer.at(self.report.read, self.source.resume_at(position)).await;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.not_taken.is_some()
            || self.limits.stop.load(Ordering::Relaxed)
            || self.limits.stop_at.is_some_and(|at| Instant::now() >= at)
    }

    /// Waits while more records were read than the rate allows.
    async fn keep_rate(&self, started: Instant) {
        let Some(records_per_s) = self.limits.records_per_s else { return };
        #[allow(clippy::cast_precision_loss, reason = "a rate needs no 2^52 records")]
        let due_after_s = self.report.read as f64 / records_per_s;
        let due = started + Duration::try_from_secs_f64(due_after_s).unwrap_or_default();
        // It is not worth waiting for less than a timer's tick.
        if due > Instant::now() + Duration::from_millis(2) {
            tokio::time::sleep_until(due.min(self.limits.stop_at.unwrap_or(due))).await;
        }
    }

    /// Everything before this position is acknowledged or put aside.
    fn oldest_position(&self) -> Option<u64> {
        let (engine, packer) = (self.engine.oldest_position(), self.packer.oldest_position());
        let open = [engine, packer, self.aside.oldest_position(), self.not_taken];
        open.into_iter().flatten().min().or(self.next)
    }

    async fn flush(&mut self) -> Result<(), FeedError> {
        let mut entries = Vec::new();
        self.packer.flush(&mut entries);
        self.push(&mut entries).await;
        self.put_aside().await
    }

    async fn push(&mut self, entries: &mut Vec<Entry>) {
        for entry in entries.drain(..) {
            let position = entry.position;
            if let Err(error) = self.engine.check(&entry) {
                let (kind, message) = ("limit", error.to_string());
                let Entry { data: payload, records, .. } = entry;
                self.aside.add(Rejected { payload, position, records, kind, message });
            } else if self.engine.push(entry).await.is_err() {
                self.not_taken = earliest(self.not_taken, Some(position));
            }
        }
    }

    /// Notes a record that can't be an entry and is to be put aside, with a reason as a short word and a
    /// line.
    fn refuse(&mut self, payload: &[u8], position: u64, (kind, message): (&'static str, String)) {
        let payload = Bytes::copy_from_slice(payload);
        self.aside.add(Rejected { payload, position, records: 1, kind, message });
    }

    async fn put_aside(&mut self) -> Result<(), FeedError> {
        self.aside.put_all().await.map_err(FeedError::Quarantine)
    }

    /// Waits for the engine, puts aside what it gave up, and completes the report.
    async fn finish(self, ended: Result<bool, FeedError>) -> FeedReport {
        let Self { source, engine, mut aside, mut report, next, not_taken, .. } = self;
        report.engine = engine.finish().await;
        report.put = report.engine.accepted_records;
        let unsent = &report.engine.unsent;
        unsent
            .iter()
            .filter(|unsent| unsent.reason.is_given_up())
            .for_each(|unsent| aside.add(given_up(unsent)));
        let kept = aside.put_all().await.map_err(FeedError::Quarantine);
        report.quarantined = aside.kept;
        let stopped = unsent.iter().filter(|unsent| !unsent.reason.is_given_up());
        let stopped = stopped.map(|unsent| unsent.entry.position).min();
        let left = earliest(earliest(not_taken, stopped), aside.oldest_position());
        let there = unsent.iter().filter(|unsent| Some(unsent.entry.position) == left);
        report.tried_for = there.map(|unsent| unsent.tried_for).max().unwrap_or_default();
        let at_end = ended.and_then(|at_end| kept.map(|()| at_end)).unwrap_or_else(|error| {
            report.error = Some(error);
            false
        });
        report.done = at_end && left.is_none();
        report.resume = left.or(next).map(|position| source.resume_at(position));
        report
    }
}

fn given_up(unsent: &Unsent) -> Rejected {
    let Entry { data, position, records, .. } = &unsent.entry;
    let message = "given up by the producer".to_owned();
    Rejected {
        payload: data.clone(),
        position: *position,
        records: *records,
        kind: unsent.reason.as_str(),
        message,
    }
}

fn earliest(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a.into_iter().chain(b).min()
}
