//! What the page shows of a run: a fold of the run's events, whose size is bounded.
//!
//! | what | how much is kept |
//! |---|---|
//! | invocations | the newest 500 of each function; events and answers of the newest of all, up to 12 MiB |
//! | objects | the names of the newest 2,000 |
//! | failures | the newest 2,000: where each is stored, and not what is in it |
//! | refused puts | fingerprints of the newest 10,000 records |
//! | warnings | the newest 200 different ones |
//! | counts | one for each name of the template |
//!
//! The ledger counts what became of the records, so it is not counted here.

pub(crate) mod event;
pub(crate) mod failures;
pub(crate) mod invocations;
pub(crate) mod objects;
pub(crate) mod puts;
pub(crate) mod ring;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::aws::clock::now_ms;
use crate::aws::event::{Event, Held, Name, Observer};
use crate::pipeline::progress::warning_of;
use event::{of_event, range_of};
use failures::{Failure, Failures};
use invocations::{End, Invocations, Invoked};
use objects::{Objects, Written};
use puts::RefusedPuts;
use ring::Ring;

/// The most warnings that are kept.
const WARNINGS: usize = 200;

/// The phase that a run is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum RunPhase {
    #[default]
    Running,
    Draining,
    Checking,
    Ended,
}

impl RunPhase {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Checking => "checking",
            Self::Ended => "ended",
        }
    }
}

/// The observer of a run, with what it has seen.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Seen>);

/// What was seen of a run.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) phase: RunPhase,
    pub(crate) invocations: Invocations,
    pub(crate) objects: Objects,
    pub(crate) failures: Failures,
    pub(crate) warnings: Warnings,
    pub(crate) refused_puts: RefusedPuts,
    /// Bytes that were put on each shard, by stream and shard.
    pub(crate) shard_bytes: BTreeMap<(Name, Name), u64>,
    /// Records that a mapping tried again, by mapping and stream.
    pub(crate) retried: BTreeMap<(Name, Name), u64>,
    /// The contents of each delivery stream's open buffers.
    pub(crate) held: BTreeMap<Name, Held>,
    /// The total size of the objects that each delivery stream wrote, in bytes.
    pub(crate) delivered_bytes: BTreeMap<Name, u64>,
    /// The number of times each schedule fired.
    pub(crate) fired: BTreeMap<Name, u64>,
}

/// The newest warnings, without repetitions.
#[derive(Debug)]
pub(crate) struct Warnings {
    pub(crate) newest: Ring<String>,
}

impl Default for Warnings {
    fn default() -> Self {
        Self { newest: Ring::new(WARNINGS) }
    }
}

impl Warnings {
    fn take(&mut self, message: String) {
        if !self.newest.before(None).any(|(_, known)| *known == message) {
            self.newest.push(message);
        }
    }
}

impl Watch {
    /// Gives `look` what was seen. It runs under a lock, so it must not wait for anything.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that the run enters a phase.
    pub(crate) fn enter(&self, phase: RunPhase) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).phase = phase;
    }
}

impl Observer for Watch {
    fn on(&self, event: Event) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(message) = warning_of(&event) {
            seen.warnings.take(message);
        }
        seen.add(event);
    }
}

impl Seen {
    fn add(&mut self, event: Event) {
        match event {
            Event::Put { stream, shard, bytes, .. } => {
                *self.shard_bytes.entry((stream, shard)).or_default() += bytes;
            }
            Event::PutRefused { stream, records, code } => {
                self.refused_puts.take(now_ms(), &stream, &records, code);
            }
            Event::InvocationStarted { function, request_id, environment, cold, event, log_at } => {
                let place = (environment, log_at);
                self.invocations.started(started(function, request_id, place, (cold, event)));
            }
            Event::InvocationEnded { function, request_id, took, answer, log_at } => {
                self.invocations.ended(&function, &request_id, ended(took, answer, log_at));
            }
            Event::Retried { mapping, stream, records, .. } => {
                *self.retried.entry((mapping, stream)).or_default() += records;
            }
            Event::Buffered { delivery, held } => {
                self.held.insert(delivery, held);
            }
            Event::Delivered { delivery, bytes, .. } => {
                *self.delivered_bytes.entry(delivery).or_default() += bytes;
            }
            Event::Fired { schedule, .. } => *self.fired.entry(schedule).or_default() += 1,
            Event::Stored { bucket, key, bytes, is_new } => self.stored(bucket, key, bytes, is_new),
            Event::Failed { delivery, key, records, code, message } => {
                self.failures.take(now_ms(), Failure::Failed { delivery, key, records, code, message });
            }
            Event::Discarded { mapping, stream, shard, records, condition, kept } => {
                let discarded = Failure::Discarded { mapping, stream, shard, records, condition, kept };
                self.failures.take(now_ms(), discarded);
            }
            Event::Damaged { .. }
            | Event::Acknowledged { .. }
            | Event::WindowLost { .. }
            | Event::Passed { .. }
            | Event::Indexed { .. }
            | Event::Dropped { .. }
            | Event::AsynchronousFailure { .. }
            | Event::Fenced { .. }
            | Event::Warning { .. } => {}
        }
    }

    fn stored(&mut self, bucket: Name, key: String, bytes: u64, is_new: bool) {
        let at_ms = now_ms();
        let written = Written { at_ms, bucket: Arc::clone(&bucket), key: key.clone(), bytes };
        if self.objects.stored(written, is_new) {
            self.failures.take(at_ms, Failure::Quarantined { bucket, key });
        }
    }
}

fn started(
    function: Name,
    request_id: Name,
    (environment, log_from): (u64, u64),
    (cold, event): (bool, Bytes),
) -> Invoked {
    let (sender, batch) = of_event(&event);
    Invoked {
        function,
        request_id,
        environment,
        started_ms: now_ms(),
        cold,
        sender,
        batch,
        range: range_of(&event),
        event_bytes: event.len(),
        event: Some(event),
        log_from,
        end: None,
    }
}

fn ended(took: Duration, answer: Result<Bytes, String>, log_to: u64) -> End {
    let (answer, error) = match answer {
        Ok(answer) => (Some(answer), None),
        Err(error) => (None, Some(error)),
    };
    End { took, error, answer, log_to }
}
