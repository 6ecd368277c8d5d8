//! Which entries go next, and what an answer means for them. Pure: it is told the time and the dice, and does no I/O.
//!
//! | room | what it holds |
//! |---|---|
//! | `backlog` | what waits, in the order of pushing |
//! | `selection` | which of it goes in the next request |
//! | `settlement` | what an answer means |
//! | `pauses` | how long to wait after a failure |
//! | `foreseen` | where entries will land, and how fast each shard is sent to |

mod backlog;
mod foreseen;
mod pauses;
mod selection;
mod settlement;
mod shard_rates;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::HashSet;
use std::sync::Arc;

use record_model::keys;
use tokio::time::Instant;

use self::backlog::Backlog;
use self::foreseen::Foreseen;
use self::pauses::Pauses;
use self::selection::Selection;
pub use self::shard_rates::ShardRate;
pub(crate) use self::waiting::Batch;
use self::waiting::{State, Waiting};
use super::positions::OpenPositions;
use super::{EngineSettings, Entry, PutReport, ShardMap, Unsent, UnsentReason};

/// After this many pushes without a pause, the requests under way get their turn.
const PUSHES_WITHOUT_REST: u64 = 100;

/// What to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Put these.
    Send(Batch),
    /// Ask again then, or at the next push or answer.
    WaitUntil(Instant),
    /// Ask again at the next push or answer.
    Idle,
}

/// What became of an entry that was offered.
pub(crate) enum Offered {
    /// It was taken in. `wakes` says that the driver must look, and `rests` that other tasks have waited long
    /// enough.
    Taken { wakes: bool, rests: bool },
    /// There is no room for it now.
    NoRoom(Entry),
    /// The run is over.
    Stopped,
}

/// Everything pushed and not acknowledged.
#[derive(Debug)]
pub(crate) struct Queue {
    settings: EngineSettings,
    backlog: Backlog,
    /// Keys that have an entry under way, if order per key is asked for.
    busy: HashSet<u128>,
    /// Positions of entries that are not acknowledged.
    positions: OpenPositions,
    pushed: u64,
    given_up_bytes: usize,
    pauses: Pauses,
    /// When the driver will next wake on its own. A push wakes it only if it must run sooner.
    next_wake: Option<Instant>,
    foreseen: Foreseen,
    pub(crate) draining: bool,
    /// Whether the report was handed out, so that nothing is taken in any more.
    is_closed: bool,
    pub(crate) report: PutReport,
}

impl Queue {
    pub(crate) fn new(settings: EngineSettings, shards: ShardMap, now: Instant) -> Self {
        Self {
            backlog: Backlog::default(),
            busy: HashSet::new(),
            positions: OpenPositions::default(),
            pushed: 0,
            given_up_bytes: 0,
            pauses: Pauses::new(settings.patience),
            next_wake: None,
            foreseen: Foreseen::new(settings.shard_rate, shards, now),
            draining: false,
            is_closed: false,
            report: PutReport::default(),
            settings,
        }
    }

    pub(crate) fn set_shards(&mut self, shards: ShardMap, now: Instant) {
        self.foreseen.set_shards(shards, now);
    }

    pub(crate) fn shards(&self) -> Arc<ShardMap> {
        self.foreseen.shards()
    }

    /// Whether an answer named another shard than predicted since the shards were listed.
    pub(crate) fn shards_are_stale(&self) -> bool {
        self.foreseen.is_stale()
    }

    fn has_room(&self) -> bool {
        self.backlog.len() < self.settings.waiting_entries
            && self.backlog.bytes() < self.settings.waiting_bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.backlog.is_empty()
    }

    /// Whether the waiting entries fill a request.
    fn fills_a_request(&self) -> bool {
        self.backlog.len() >= self.settings.request_entries
            || self.backlog.bytes() >= self.settings.request_bytes
    }

    /// The first source position that is not acknowledged.
    pub(crate) fn oldest_position(&self) -> Option<u64> {
        self.positions.oldest()
    }

    /// Takes an entry in if the run goes on and there is room.
    pub(crate) fn offer(&mut self, entry: Entry, now: Instant) -> Offered {
        if self.is_closed || self.report.stopped.is_some() {
            return Offered::Stopped;
        }
        if !self.has_room() {
            return Offered::NoRoom(entry);
        }
        let (was_empty, was_full) = (self.is_empty(), self.fills_a_request());
        self.push(entry, now);
        let due = now + self.settings.linger;
        let sooner = self.next_wake.is_none_or(|at| due < at);
        let wakes = was_empty || sooner || (!was_full && self.fills_a_request());
        if wakes {
            self.next_wake = Some(due);
        }
        Offered::Taken { wakes, rests: self.pushed.is_multiple_of(PUSHES_WITHOUT_REST) }
    }

    fn push(&mut self, entry: Entry, now: Instant) {
        let order_per_key = self.settings.order_per_key;
        let needs_hash_key = order_per_key || self.foreseen.needs_hash_keys();
        let state = State {
            hash_key: if needs_hash_key { entry.hash_key() } else { 0 },
            order_key: if order_per_key { keys::hash_key(&entry.partition_key) } else { 0 },
            ordinal: self.pushed,
            since: now,
            not_before: now,
            first_tried: None,
            tries: 0,
            failed: None,
            request_entries: self.settings.request_entries,
        };
        self.pushed += 1;
        self.positions.open(entry.position);
        self.backlog.push(Waiting { entry, state });
    }

    /// The next request, if one should be made by now.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        self.next_wake = Some(now);
        if let Some(until) = self.pauses.of_stream(now) {
            return Next::WaitUntil(until);
        }
        self.foreseen.refill(now);
        let Selection { places, wake_at } = self.select(now);
        if places.is_empty() {
            self.next_wake = wake_at;
            return wake_at.map_or(Next::Idle, Next::WaitUntil);
        }
        let mut taken = self.backlog.take(&places);
        for Waiting { state, .. } in &mut taken {
            state.first_tried.get_or_insert(now);
            if self.settings.order_per_key {
                self.busy.insert(state.order_key);
            }
        }
        Next::Send(Batch::new(taken))
    }

    /// Ends the run. What waits and what is under way counts as unsent. An entry that was tried and waits
    /// beyond its patience is given up, although it could have been tried once more.
    pub(crate) fn close(
        &mut self,
        on_their_way: impl IntoIterator<Item = Waiting>,
        now: Instant,
    ) -> PutReport {
        self.is_closed = true;
        let unsent =
            |Waiting { entry, state }, reason| Unsent { tried_for: state.tried_for(now), entry, reason };
        let waiting = self.backlog.take_all().into_iter().map(|waiting| {
            let failed = waiting.state.failed.filter(|_| waiting.state.outlasts(self.settings.patience, now));
            unsent(waiting, failed.unwrap_or(UnsentReason::Stopped))
        });
        let on_their_way = on_their_way.into_iter().map(|waiting| unsent(waiting, UnsentReason::Stopped));
        let mut report = std::mem::take(&mut self.report);
        report.unsent.extend(waiting.chain(on_their_way));
        report.unsent.sort_by_key(|unsent| unsent.entry.position);
        report
    }
}
