//! One shard at work: the shell that connects its lanes with the stream, the function, the destination and
//! the clock.
//!
//! Lanes of one shard don't stop each other. Each has its own place in the shard. Reading continues from the
//! lowest place of those lanes that have room, so records for which a full lane had no room are read again
//! later. A lane holds its current batch, and of waiting records at most [`LANE_RECORDS`] or a batch, and at
//! most 6 MB.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;

use super::action::Action;
use super::checkpoint::{Checkpoint, Number};
use super::event::{EventRecord, Origin};
use super::input::Input;
use super::lane_at_work::LaneAtWork;
use super::mapping::{Mapping, MappingError};
use crate::aws::lambda::InvocationError;
use crate::aws::stream::{Page, PageLimit, Phase, Place, StreamError};

/// How many records a lane may hold beyond its current batch, unless a batch is larger.
pub(super) const LANE_RECORDS: usize = 1_000;
/// The limits of one read.
const PAGE: PageLimit = PageLimit { records: 2_000, bytes: 4 << 20 };

/// An invocation that ended: its lane, and its result.
pub(super) type Ended = (usize, Result<Bytes, InvocationError>);

/// A shard at work.
pub(super) struct ShardAtWork {
    pub(super) mapping: Arc<Mapping>,
    pub(super) id: Arc<str>,
    pub(super) lanes: Vec<LaneAtWork>,
    pub(super) calls: FuturesUnordered<BoxFuture<'static, Ended>>,
    reading: Option<Reading>,
    /// The stream's version when nothing new was found.
    seen: u64,
    /// The place that is stored.
    passed: Place,
    phase: Phase,
}

/// A read that is under way.
struct Reading {
    /// Whether it waits for something new. It then gives way to a lane that has something to read.
    is_waiting: bool,
    read: BoxFuture<'static, Read>,
}

/// What the stream gave.
enum Read {
    Page { from: Option<Number>, page: Result<Page, StreamError> },
    Changed(u64),
}

impl ShardAtWork {
    /// Delivers the shard's records to its end, or until the run stops.
    pub(super) async fn run(
        mapping: Arc<Mapping>,
        id: String,
        mut phase: watch::Receiver<Phase>,
    ) -> Result<(), MappingError> {
        let mut shard = Self::begin(mapping, id)?;
        let now = *phase.borrow_and_update();
        shard.enter(now).await?;
        let clock = Arc::clone(&shard.mapping.ports.clock);
        while !shard.is_done() {
            shard.read_on();
            let wake = shard.lanes.iter().filter_map(|lane| lane.wake).min();
            tokio::select! {
                Some(ended) = shard.calls.next() => shard.answered(ended).await?,
                Some(read) = next(&mut shard.reading) => shard.took(read).await?,
                () = clock.sleep_until(wake.unwrap_or_default()), if wake.is_some() => shard.wake().await?,
                changed = phase.changed(), if shard.phase != Phase::Stopped => {
                    let now = if changed.is_ok() { *phase.borrow_and_update() } else { Phase::Stopped };
                    shard.enter(now).await?;
                }
            }
            shard.pass().await?;
        }
        shard.end().await
    }

    /// Starts the shard where an earlier process left it.
    fn begin(mapping: Arc<Mapping>, id: String) -> Result<Self, MappingError> {
        let place = mapping.ports.source.place(&id)?;
        let id = id.into();
        let settings = &mapping.settings;
        // A window's state belongs to a whole shard, so with windows there is only one lane.
        let count =
            if settings.tumbling_window.is_some() { 1 } else { settings.parallelization_factor.max(1) };
        let Checkpoint { lanes, window } = Checkpoint::read(&place, count, settings.tumbling_window);
        let lane = |done| LaneAtWork::new(settings.into(), done, window.clone());
        Ok(Self {
            lanes: lanes.into_iter().map(lane).collect(),
            mapping,
            id,
            calls: FuturesUnordered::new(),
            reading: None,
            seen: 0,
            passed: place,
            phase: Phase::Running,
        })
    }

    pub(super) fn origin(&self) -> Origin<'_> {
        Origin { shard: &self.id, stream_arn: &self.mapping.stream_arn }
    }

    fn is_done(&self) -> bool {
        self.lanes.iter().all(|lane| lane.has_ended)
    }

    /// Continues reading from the lowest place of the lanes that have room, or waits for something new there.
    fn read_on(&mut self) {
        if self.phase == Phase::Stopped {
            self.reading = None;
            return;
        }
        let batch_size = self.mapping.settings.batch_size;
        let hungry = || self.lanes.iter().filter(|lane| lane.is_hungry(batch_size));
        let from = hungry().filter(|lane| !lane.at_tip).map(|lane| &lane.read).min().cloned();
        let is_free = self.reading.as_ref().is_none_or(|reading| reading.is_waiting && from.is_some());
        if !is_free || hungry().next().is_none() {
            return;
        }
        let (source, id, seen) = (Arc::clone(&self.mapping.ports.source), Arc::clone(&self.id), self.seen);
        self.reading = Some(Reading {
            is_waiting: from.is_none(),
            read: Box::pin(async move {
                let Some(from) = from else { return Read::Changed(source.changed(seen).await) };
                let after = from.as_ref().map(|number| &*number.0);
                let page = source.read(&id, after, PAGE).await;
                Read::Page { from, page }
            }),
        });
    }

    async fn took(&mut self, read: Read) -> Result<(), MappingError> {
        self.reading = None;
        match read {
            Read::Changed(seen) => {
                self.seen = seen;
                self.lanes.iter_mut().for_each(|lane| lane.at_tip = false);
                Ok(())
            }
            Read::Page { from, page } => self.hand_out(from.as_ref(), page?).await,
        }
    }

    /// Gives the records of a page to their lanes, as far as these have room.
    async fn hand_out(&mut self, from: Option<&Number>, page: Page) -> Result<(), MappingError> {
        let count = self.lanes.len();
        let mut coming: Vec<Vec<EventRecord>> = std::iter::repeat_with(Vec::new).take(count).collect();
        let batch_size = self.mapping.settings.batch_size;
        self.lanes.iter_mut().for_each(|lane| lane.begin_page(from));
        for record in &page.records {
            let index = lane_of(&record.partition_key, count);
            let (Some(lane), Some(coming)) = (self.lanes.get_mut(index), coming.get_mut(index)) else {
                continue;
            };
            let number = Number(record.sequence_number.as_str().into());
            if lane.wants(&number, batch_size) {
                let origin = Origin { shard: &self.id, stream_arn: &self.mapping.stream_arn };
                let record = EventRecord::new(record, origin)?;
                lane.take(number, &record);
                coming.push(record);
            }
        }
        let last = page.records.last().map(|record| Number(record.sequence_number.as_str().into()));
        for (index, records) in coming.into_iter().enumerate() {
            if !records.is_empty() {
                self.step(index, Input::Records(records)).await?;
            }
            let Some(lane) = self.lanes.get_mut(index) else { continue };
            if lane.end_page(last.as_ref(), page.is_end) {
                self.step(index, Input::Closed).await?;
            }
        }
        Ok(())
    }

    async fn wake(&mut self) -> Result<(), MappingError> {
        let now = self.mapping.ports.clock.now();
        for index in 0..self.lanes.len() {
            if self.lanes.get(index).is_some_and(|lane| lane.wake.is_some_and(|wake| wake <= now)) {
                self.step(index, Input::Woke).await?;
            }
        }
        Ok(())
    }

    /// A drain collects no more records for a batch, and after the stop no more records come.
    async fn enter(&mut self, phase: Phase) -> Result<(), MappingError> {
        self.phase = phase;
        for index in 0..self.lanes.len() {
            match phase {
                Phase::Running => {}
                Phase::Draining => self.step(index, Input::Drain).await?,
                Phase::Stopped => {
                    self.step(index, Input::Drain).await?;
                    self.step(index, Input::Closed).await?;
                }
            }
        }
        Ok(())
    }

    /// One step of a lane, and everything it wants done.
    pub(super) async fn step(&mut self, index: usize, input: Input<EventRecord>) -> Result<(), MappingError> {
        let now = self.mapping.ports.clock.now();
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(()) };
        let mut actions = Vec::new();
        lane.lane.step(now, input, &mut actions);
        lane.wake = None;
        for action in actions {
            match action {
                Action::Invoke(call) => self.invoke(index, call)?,
                Action::GiveUp(given_up) => self.give_up(index, given_up, now).await?,
                Action::WakeAt(at) => self.lane_mut(index, |lane| lane.wake = Some(at)),
                Action::Checkpoint(record) => {
                    self.lane_mut(index, |lane| lane.done = Some(Number(record.sequence_number)));
                }
                Action::Done => self.lane_mut(index, |lane| lane.has_ended = true),
                Action::Acknowledge(records) => self.tell_acknowledged(records.len()),
                Action::Retry { records, failures } => self.tell_retried(index, records, failures),
                Action::WindowLost => self.tell_window_lost(),
            }
        }
        Ok(())
    }

    fn lane_mut(&mut self, index: usize, change: impl FnOnce(&mut LaneAtWork)) {
        if let Some(lane) = self.lanes.get_mut(index) {
            change(lane);
        }
    }

    /// Stores the place if it has moved.
    async fn pass(&mut self) -> Result<(), MappingError> {
        let checkpoint = Checkpoint {
            lanes: self.lanes.iter().map(LaneAtWork::done_with).collect(),
            window: self.lanes.first().and_then(|lane| lane.lane.window().cloned()),
        };
        let place = checkpoint.place()?;
        if place != self.passed {
            self.mapping.ports.source.pass(&self.id, place.clone()).await?;
            self.passed = place;
        }
        Ok(())
    }

    /// If the shard was read to its end, it is finished, and its children begin.
    async fn end(self) -> Result<(), MappingError> {
        if self.lanes.iter().all(|lane| lane.is_closed) {
            let place = Place { finished: true, note: None, ..self.passed };
            self.mapping.ports.source.pass(&self.id, place).await?;
        }
        Ok(())
    }
}

/// The reading that is under way; without one this waits for ever.
async fn next(reading: &mut Option<Reading>) -> Option<Read> {
    match reading {
        Some(reading) => Some((&mut reading.read).await),
        None => std::future::pending().await,
    }
}

/// A partition key always has the same lane.
fn lane_of(partition_key: &str, lanes: usize) -> usize {
    if lanes <= 1 {
        return 0;
    }
    let lane = record_model::keys::hash_key(partition_key) % lanes as u128;
    usize::try_from(lane).unwrap_or(0)
}
