//! Which entries go next, and what an answer means for them. Pure: told the time, does no I/O.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use record_model::keys;
use tokio::time::Instant;

use super::shard_rates::ShardRates;
use super::waiting::{Batch, State, Waiting};
use super::{
    EngineSettings, Entry, EntryOutcome, PutReport, ShardMap, SinkError, StopReason, Unsent, UnsentReason,
};
use crate::backoff::{ceiling, full_jitter};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// After so many pushes the requests on their way have their turn.
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
    /// Taken in; `wakes` where the driver has to look, `rests` where others had to wait long enough.
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
    /// In the order of pushing: new entries come last, and those tried before are near the front.
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Keys with an entry on its way, when order per key is asked for.
    busy: HashSet<u128>,
    /// How many entries not acknowledged there are at each source position.
    open_positions: BTreeMap<u64, u32>,
    pushed: u64,
    given_up_bytes: usize,
    /// No request before this: the stream as a whole was unavailable.
    paused_until: Option<Instant>,
    failed_in_a_row: u32,
    /// When the driver looks by itself, if it does: a push is told to it only if it may be due before.
    looks_at: Option<Instant>,
    shards: Arc<ShardMap>,
    rates: Option<ShardRates>,
    shards_are_stale: bool,
    pub(crate) draining: bool,
    pub(crate) report: PutReport,
}

impl Queue {
    pub(crate) fn new(settings: EngineSettings, shards: ShardMap, now: Instant) -> Self {
        let mut queue = Self {
            settings,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            busy: HashSet::new(),
            open_positions: BTreeMap::new(),
            pushed: 0,
            given_up_bytes: 0,
            paused_until: None,
            failed_in_a_row: 0,
            looks_at: None,
            shards: Arc::default(),
            rates: None,
            shards_are_stale: false,
            draining: false,
            report: PutReport::default(),
        };
        queue.set_shards(shards, now);
        queue
    }

    pub(crate) fn set_shards(&mut self, shards: ShardMap, now: Instant) {
        self.shards_are_stale = false;
        if *self.shards == shards {
            return;
        }
        self.rates = self.settings.shard_rate.map(|rate| ShardRates::new(rate, shards.shards().len(), now));
        self.shards = Arc::new(shards);
    }

    pub(crate) fn shards(&self) -> Arc<ShardMap> {
        Arc::clone(&self.shards)
    }

    /// Whether an answer named another shard than foreseen since the map was read.
    pub(crate) fn shards_are_stale(&self) -> bool {
        self.shards_are_stale
    }

    fn has_room(&self) -> bool {
        self.waiting.len() < self.settings.waiting_entries && self.waiting_bytes < self.settings.waiting_bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether what waits fills a request.
    fn fills_a_request(&self) -> bool {
        self.waiting.len() >= self.settings.request_entries
            || self.waiting_bytes >= self.settings.request_bytes
    }

    /// The first source position that is not acknowledged.
    pub(crate) fn oldest_position(&self) -> Option<u64> {
        self.open_positions.keys().next().copied()
    }

    /// Takes an entry in if the run goes on and there is room.
    pub(crate) fn offer(&mut self, entry: Entry) -> Offered {
        if self.report.stopped.is_some() {
            return Offered::Stopped;
        }
        if !self.has_room() {
            return Offered::NoRoom(entry);
        }
        let (was_empty, was_full) = (self.is_empty(), self.fills_a_request());
        let now = Instant::now();
        self.push(entry, now);
        let due = now + self.settings.linger;
        let sooner = self.looks_at.is_none_or(|at| due < at);
        let wakes = was_empty || sooner || (!was_full && self.fills_a_request());
        if wakes {
            self.looks_at = Some(due);
        }
        Offered::Taken { wakes, rests: self.pushed.is_multiple_of(PUSHES_WITHOUT_REST) }
    }

    fn push(&mut self, entry: Entry, now: Instant) {
        let needs_key =
            self.settings.order_per_key || self.rates.is_some() || !self.shards.shards().is_empty();
        let state = State {
            hash_key: if needs_key { entry.hash_key() } else { 0 },
            order_key: if self.settings.order_per_key { keys::hash_key(&entry.partition_key) } else { 0 },
            ordinal: self.pushed,
            since: now,
            not_before: now,
            give_up_at: None,
            tries: 0,
            company: self.settings.request_entries,
        };
        self.pushed += 1;
        *self.open_positions.entry(entry.position).or_default() += 1;
        self.waiting_bytes += entry.bytes();
        self.waiting.push_back(Waiting { entry, state });
    }

    /// Takes entries of one request in again, each at its place. The last of them first: so each comes to stand near
    /// the front, where room is made for it without moving the rest.
    fn put_back(&mut self, batch: impl IntoIterator<Item = Waiting, IntoIter: DoubleEndedIterator>) {
        for waiting in batch.into_iter().rev() {
            self.waiting_bytes += waiting.entry.bytes();
            let ordinal = waiting.state.ordinal;
            let place = self.waiting.partition_point(|other| other.state.ordinal < ordinal);
            self.waiting.insert(place, waiting);
        }
    }

    /// The next request, if there is one to be made by now.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        self.looks_at = Some(now);
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Next::WaitUntil(until);
        }
        if let Some(rates) = &mut self.rates {
            rates.refill(now);
        }
        let full = self.draining || self.fills_a_request();
        let Selection { places, wake_at } = self.select(now, full);
        if places.is_empty() {
            self.looks_at = wake_at;
            return wake_at.map_or(Next::Idle, Next::WaitUntil);
        }
        Next::Send(self.take(&places, now))
    }

    /// Chooses entries in the order they were pushed, passing over those that may not go yet.
    fn select(&mut self, now: Instant, full: bool) -> Selection {
        let mut chosen = Selection::default();
        let mut keys_passed = HashSet::new();
        let mut rates = self.rates.take();
        let mut company = self.settings.request_entries;
        let mut bytes = 0;
        // An entry that has waited its time takes the whole request with it.
        let aged =
            self.waiting.front().is_some_and(|oldest| now >= oldest.state.since + self.settings.linger);
        for (place, waiting) in self.waiting.iter().enumerate() {
            let total_bytes = bytes + waiting.entry.bytes();
            company = company.min(waiting.state.company);
            let count = chosen.places.len();
            if count >= company || (count > 0 && total_bytes > self.settings.request_bytes) {
                break;
            }
            let free = self.key_is_free(waiting, &mut keys_passed);
            let due = free.and_then(|()| self.is_due(waiting, now, full || aged));
            match due.and_then(|()| self.take_rate(rates.as_mut(), waiting)) {
                Ok(()) => {
                    chosen.places.push(place);
                    bytes = total_bytes;
                }
                Err(wake_at) => chosen.wake_at = earliest(chosen.wake_at, wake_at),
            }
        }
        self.rates = rates;
        chosen
    }

    /// Of each key only the oldest entry may go, and only while none is on its way.
    fn key_is_free(&self, waiting: &Waiting, passed: &mut HashSet<u128>) -> Result<(), Option<Instant>> {
        if !self.settings.order_per_key {
            return Ok(());
        }
        let key = waiting.state.order_key;
        if passed.insert(key) && !self.busy.contains(&key) { Ok(()) } else { Err(None) }
    }

    fn is_due(&self, waiting: &Waiting, now: Instant, request_is_due: bool) -> Result<(), Option<Instant>> {
        if waiting.state.not_before > now {
            return Err(Some(waiting.state.not_before));
        }
        if waiting.state.give_up_at.is_none() && !request_is_due {
            return Err(Some(waiting.state.since + self.settings.linger));
        }
        Ok(())
    }

    fn take_rate(&self, rates: Option<&mut ShardRates>, waiting: &Waiting) -> Result<(), Option<Instant>> {
        let Some((rates, shard)) = rates.zip(self.shards.index_of(waiting.state.hash_key)) else {
            return Ok(());
        };
        rates.take(shard, waiting.entry.bytes()).map_err(Some)
    }

    /// Takes out the entries at these places, which ascend. Those passed over stay in front of the rest.
    fn take(&mut self, places: &[usize], now: Instant) -> Batch {
        let mut taken = Vec::with_capacity(places.len());
        let mut passed = Vec::new();
        let upto = places.last().map_or(0, |last| last + 1);
        let mut places = places.iter().peekable();
        for (place, waiting) in self.waiting.drain(..upto).enumerate() {
            let to = if places.next_if_eq(&&place).is_some() { &mut taken } else { &mut passed };
            to.push(waiting);
        }
        for waiting in passed.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
        for Waiting { entry, state } in &mut taken {
            state.give_up_at.get_or_insert(now + self.settings.patience);
            self.waiting_bytes -= entry.bytes();
            if self.settings.order_per_key {
                self.busy.insert(state.order_key);
            }
        }
        Batch::new(taken)
    }

    /// Takes the answer to a request.
    pub(crate) fn settle(
        &mut self,
        batch: Batch,
        answer: Result<Vec<EntryOutcome>, SinkError>,
        now: Instant,
    ) {
        self.report.calls += 1;
        for state in batch.states.iter().filter(|_| self.settings.order_per_key) {
            self.busy.remove(&state.order_key);
        }
        let company = batch.states.len();
        let batch = batch.into_waiting();
        match answer {
            Ok(outcomes) => self.settle_each(batch, outcomes, now),
            Err(SinkError::Unavailable(_)) => self.settle_unavailable(batch, now),
            Err(SinkError::Invalid(_)) if company == 1 => {
                self.report.failed_calls += 1;
                for waiting in batch {
                    self.give_up(waiting, UnsentReason::Invalid);
                }
            }
            Err(SinkError::Invalid(_)) => {
                self.report.failed_calls += 1;
                let halved = |state| State { company: company / 2, ..state };
                self.put_back(batch.map(|Waiting { entry, state }| Waiting { entry, state: halved(state) }));
            }
            Err(SinkError::Fatal(source) | SinkError::Denied(source)) => {
                self.report.failed_calls += 1;
                self.put_back(batch);
                self.report.stopped.get_or_insert(StopReason::Fatal(source));
            }
        }
    }

    fn settle_each(
        &mut self,
        batch: impl Iterator<Item = Waiting>,
        outcomes: Vec<EntryOutcome>,
        now: Instant,
    ) {
        self.failed_in_a_row = 0;
        // Entries that were refused together come back together: apart, each would be a request of its own.
        let spread = fastrand::f64();
        // An answer that is too short acknowledges nothing beyond its end.
        let unanswered = std::iter::repeat(EntryOutcome::Refused(super::Refusal::Internal));
        let mut again = Vec::new();
        for (waiting, outcome) in batch.zip(outcomes.into_iter().chain(unanswered)) {
            match outcome {
                EntryOutcome::Accepted { shard_id } => self.accept(&waiting, shard_id),
                EntryOutcome::Refused(refusal) => {
                    self.report.retried += 1;
                    let pause = ceiling(FIRST_PAUSE, LONGEST_PAUSE, waiting.state.tries).mul_f64(spread);
                    again.extend(self.try_again(waiting, now, now + pause, UnsentReason::Refused(refusal)));
                }
            }
        }
        self.put_back(again);
    }

    /// Holds the whole stream back for a while, since the next request would fare no better.
    fn settle_unavailable(&mut self, batch: impl Iterator<Item = Waiting>, now: Instant) {
        self.report.failed_calls += 1;
        let pause = full_jitter(FIRST_PAUSE, LONGEST_PAUSE, self.failed_in_a_row);
        self.failed_in_a_row += 1;
        self.paused_until = Some(now + pause);
        let again: Vec<_> = batch
            .filter_map(|waiting| self.try_again(waiting, now, now, UnsentReason::Unavailable))
            .collect();
        self.put_back(again);
    }

    fn accept(&mut self, waiting: &Waiting, shard_id: String) {
        self.report.accepted += 1;
        self.report.accepted_records += u64::from(waiting.entry.records);
        if self.shards.id_of(waiting.state.hash_key).is_some_and(|foreseen| foreseen != shard_id) {
            self.shards_are_stale = true;
            if waiting.entry.records > 1 {
                self.report.misplaced_records += u64::from(waiting.entry.records);
            }
        }
        *self.report.per_shard.entry(shard_id).or_default() += 1;
        if let Some(open) = self.open_positions.get_mut(&waiting.entry.position) {
            *open -= 1;
            if *open == 0 {
                self.open_positions.remove(&waiting.entry.position);
            }
        }
    }

    /// The entry as it waits for its next try, unless it is given up.
    fn try_again(
        &mut self,
        waiting: Waiting,
        now: Instant,
        not_before: Instant,
        reason: UnsentReason,
    ) -> Option<Waiting> {
        if waiting.state.give_up_at.is_some_and(|at| now >= at) {
            self.give_up(waiting, reason);
            return None;
        }
        let Waiting { entry, state } = waiting;
        let tries = state.tries.saturating_add(1);
        Some(Waiting { entry, state: State { not_before, tries, ..state } })
    }

    /// Its position stays open: a cursor passes it only once its owner has it in safety.
    fn give_up(&mut self, waiting: Waiting, reason: UnsentReason) {
        self.given_up_bytes += waiting.entry.bytes();
        if self.given_up_bytes > self.settings.waiting_bytes
            || self.report.unsent.len() >= self.settings.waiting_entries
        {
            self.report.stopped.get_or_insert(StopReason::TooManyGivenUp);
        }
        self.report.unsent.push(Unsent { entry: waiting.entry, reason });
    }

    /// Ends the run: what waits and what is on its way is unsent.
    pub(crate) fn close(&mut self, on_their_way: impl IntoIterator<Item = Waiting>) -> PutReport {
        let waiting = std::mem::take(&mut self.waiting);
        let mut stopped: Vec<Waiting> = waiting.into_iter().chain(on_their_way).collect();
        stopped.sort_unstable_by_key(|waiting| waiting.state.ordinal);
        let mut report = std::mem::take(&mut self.report);
        let unsent = |waiting: Waiting| Unsent { entry: waiting.entry, reason: UnsentReason::Stopped };
        report.unsent.extend(stopped.into_iter().map(unsent));
        report.unsent.sort_by_key(|unsent| unsent.entry.position);
        report
    }
}

#[derive(Default)]
struct Selection {
    /// In [`Queue::waiting`], ascending.
    places: Vec<usize>,
    wake_at: Option<Instant>,
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::put_records::Refusal;

    /// What happens to a queue next.
    #[derive(Debug, Clone)]
    enum Step {
        Push { key: u8 },
        Send,
        Settle { refused: u8 },
        Lose,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..5_u8).prop_map(|key| Step::Push { key }),
            2 => Just(Step::Send),
            2 => any::<u8>().prop_map(|refused| Step::Settle { refused }),
            1 => Just(Step::Lose),
        ]
    }

    proptest! {
        #[test]
        fn what_waits_is_in_the_order_of_pushing_and_nothing_is_lost(
            steps in prop::collection::vec(step(), 0..200),
            order_per_key in any::<bool>(),
        ) {
            let settings = EngineSettings {
                request_entries: 6,
                order_per_key,
                linger: Duration::ZERO,
                patience: Duration::from_hours(10_000),
                ..EngineSettings::default()
            };
            let mut now = Instant::now();
            let mut queue = Queue::new(settings, ShardMap::default(), now);
            let mut on_their_way = VecDeque::new();
            let (mut pushed, mut sent) = (0, 0);
            for step in steps {
                now += Duration::from_mins(1);
                match step {
                    Step::Push { key } => {
                        queue.push(Entry::new(key.to_string(), vec![key; 3]), now);
                        pushed += 1;
                    }
                    Step::Send => {
                        if let Next::Send(batch) = queue.next(now) {
                            sent += batch.states.len();
                            on_their_way.push_back(batch);
                        }
                    }
                    Step::Settle { refused } => {
                        let Some(batch) = on_their_way.pop_front() else { continue };
                        sent -= batch.states.len();
                        let outcome = |at: usize| match refused >> at & 1 {
                            0 => EntryOutcome::Accepted { shard_id: String::new() },
                            _ => EntryOutcome::Refused(Refusal::Internal),
                        };
                        let outcomes = (0..batch.states.len()).map(outcome).collect();
                        queue.settle(batch, Ok(outcomes), now);
                    }
                    Step::Lose => {
                        let Some(batch) = on_their_way.pop_back() else { continue };
                        sent -= batch.states.len();
                        queue.settle(batch, Err(SinkError::Unavailable("lost".into())), now);
                    }
                }
                prop_assert!(queue.waiting.iter().is_sorted_by_key(|waiting| waiting.state.ordinal));
                let bytes: usize = queue.waiting.iter().map(|waiting| waiting.entry.bytes()).sum();
                prop_assert_eq!(queue.waiting_bytes, bytes);
                prop_assert_eq!(queue.report.accepted + (queue.waiting.len() + sent) as u64, pushed);
            }
        }
    }
}
