//! Decides what to ask the service next. Nothing here waits, makes calls or reads a clock: the caller passes
//! in time and luck.

use std::sync::Arc;

use crate::aws::kinesis_reader::{Page, ReadRecord, Shard};

use super::calls::{Answer, Call, Place, Step, Trouble, Verdict};
use super::failures::Failures;
use super::shards::{Shards, State};
use super::{Batch, Event, From, READS_PER_S, Reached, ReadSettings};

/// The pause between two listings that look for a shard that an answer named, and how many there are.
const LIST_AGAIN_MS: i64 = 1_000;
const LISTINGS: u32 = 10;

/// Why the stream can't be read as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The one shard that was asked for does not exist.
    #[error("the stream has no shard {shard:?}; it has {}", known.join(", "))]
    NoSuchShard {
        /// The shard asked for.
        shard: String,
        /// The first ten shards that exist.
        known: Vec<String>,
    },
    /// A sequence number is a place in one shard.
    #[error(
        "a sequence number is a place in one shard, and the stream has {shards} shards: name the shard too"
    )]
    WhichShard {
        /// How many there are.
        shards: usize,
    },
}

/// The state of reading one stream.
#[derive(Debug)]
pub(super) struct Plan {
    settings: ReadSettings,
    shards: Shards,
    /// When shards are to be listed, and whether they are being listed.
    list_at_ms: Option<i64>,
    listings: u32,
    was_listed: bool,
    list_failures: Failures,
    /// Shards that an answer named but no listing contains.
    missing: Vec<String>,
    calls: usize,
    /// The time between two reads of a shard.
    pace_ms: i64,
    luck: fastrand::Rng,
}

impl Plan {
    pub(super) fn new(settings: ReadSettings, now_ms: i64, seed: u64) -> Self {
        Self {
            pace_ms: 1_000 / i64::from(settings.reads_per_s.clamp(1, READS_PER_S)),
            settings,
            shards: Shards::default(),
            list_at_ms: Some(now_ms),
            listings: 0,
            was_listed: false,
            list_failures: Failures::default(),
            missing: Vec::new(),
            calls: 0,
            luck: fastrand::Rng::with_seed(seed),
        }
    }

    /// Makes the plan read all shards at the same time and without pauses, since the service pushes their records.
    pub(super) fn pushed(mut self) -> Self {
        self.pace_ms = 0;
        self.settings.calls = usize::MAX;
        self
    }

    /// Returns what to do now. Each call that it returns must be answered by [`Plan::answered`] or
    /// [`Plan::failed`].
    pub(super) fn next(&mut self, now_ms: i64) -> Step {
        let has_room = self.calls < self.settings.calls.max(1);
        if has_room && self.list_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.list_at_ms = None;
            self.calls += 1;
            return Step::Ask(Call::List);
        }
        let due = self.shards.due();
        if let (true, Some((at_ms, id))) = (has_room, &due)
            && *at_ms <= now_ms
            && let Some(call) = self.call(id)
        {
            self.calls += 1;
            return Step::Ask(call);
        }
        let next = due.map(|(at_ms, _)| at_ms).into_iter().chain(self.list_at_ms).min();
        match next {
            Some(at_ms) if has_room => Step::Until(at_ms),
            None if self.calls == 0 => Step::Done,
            _ => Step::Answers,
        }
    }

    fn call(&mut self, id: &Arc<str>) -> Option<Call> {
        let shard = self.shards.0.get_mut(id)?;
        let id = Arc::clone(id);
        match std::mem::replace(&mut shard.state, State::Asked) {
            State::Reads(_, iterator) => Some(Call::Read { shard: id, iterator }),
            _ => Some(Call::Iterator { shard: id, place: shard.place.clone() }),
        }
    }

    /// Handles an answer. The events are to be reported in their order.
    pub(super) fn answered(
        &mut self,
        call: &Call,
        answer: Answer,
        now_ms: i64,
    ) -> Result<Vec<Event>, PlanError> {
        self.calls = self.calls.saturating_sub(1);
        match (call, answer) {
            (Call::List, Answer::Shards(shards)) => self.listed(shards, now_ms),
            (Call::Iterator { shard, .. }, Answer::Iterator(iterator)) => {
                if let Some(shard) = self.shards.0.get_mut(shard) {
                    if shard.place == Place::Latest {
                        shard.place = Place::Time(now_ms);
                    }
                    shard.state = State::Reads(now_ms, iterator);
                }
                Ok(Vec::new())
            }
            (Call::Read { shard, .. }, Answer::Page(page)) => Ok(self.read(shard, page, now_ms)),
            _ => Ok(Vec::new()),
        }
    }

    fn listed(&mut self, listed: Vec<Shard>, now_ms: i64) -> Result<Vec<Event>, PlanError> {
        let is_first = !std::mem::replace(&mut self.was_listed, true);
        self.list_failures = Failures::default();
        if is_first {
            self.check(&listed)?;
        }
        let (settings, shards) = (&self.settings, &mut self.shards);
        shards.add(listed, |shard| place(settings, shard, is_first));
        self.missing.retain(|child| !shards.0.contains_key(child.as_str()));
        self.listings = if self.missing.is_empty() { 0 } else { self.listings + 1 };
        if !self.missing.is_empty() && self.listings < LISTINGS {
            self.list_at_ms = Some(now_ms + LIST_AGAIN_MS);
        }
        Ok(self.begin(!is_first, now_ms))
    }

    fn check(&self, listed: &[Shard]) -> Result<(), PlanError> {
        match &self.settings.only_shard {
            Some(only) if !listed.iter().any(|shard| shard.id == *only) => Err(PlanError::NoSuchShard {
                shard: only.clone(),
                known: listed.iter().take(10).map(|shard| shard.id.clone()).collect(),
            }),
            None if matches!(self.settings.from, From::Number(_)) && listed.len() != 1 => {
                Err(PlanError::WhichShard { shards: listed.len() })
            }
            _ => Ok(()),
        }
    }

    /// Lets shards begin, and reports those that succeed shards that were read.
    fn begin(&mut self, is_told: bool, now_ms: i64) -> Vec<Event> {
        let began = self.shards.begin(now_ms).into_iter().filter_map(|shard| {
            let parents = self.shards.0.get(&shard)?.parents.clone();
            is_told.then_some(Event::Began { shard, parents })
        });
        began.collect()
    }

    fn read(&mut self, id: &Arc<str>, page: Page, now_ms: i64) -> Vec<Event> {
        let Some(shard) = self.shards.0.get_mut(id) else { return Vec::new() };
        shard.failures = Failures::default();
        let last = page.records.last().map(|record| &record.sequence_number);
        if let Some(read_to) = page.read_to.as_ref().or(last) {
            shard.place = Place::After(read_to.clone());
        }
        let (records, is_past) = within(page.records, &self.settings);
        let is_over = page.next_iterator.is_none();
        let is_at_tip = !is_over && page.millis_behind_latest == 0;
        let is_past = is_past || (is_at_tip && self.settings.to_ms.is_some_and(|to_ms| to_ms <= now_ms));
        shard.state = match page.next_iterator {
            Some(iterator) if !is_past => State::Reads(now_ms + self.pace_ms, iterator),
            _ => State::Ended,
        };
        let batch = Batch { shard: Arc::clone(id), records, millis_behind_latest: page.millis_behind_latest };
        let mut events = vec![Event::Records(batch)];
        if is_over && !is_past {
            events.push(Event::Ended { shard: Arc::clone(id) });
            if self.settings.only_shard.is_none() {
                self.look_for(page.children, now_ms);
            }
        }
        if is_over || is_past {
            events.extend(self.begin(true, now_ms));
        }
        events
    }

    /// Looks for the shards that succeed one that ended, if they are not known.
    fn look_for(&mut self, children: Vec<String>, now_ms: i64) {
        let is_unsaid = children.is_empty();
        let known = &self.shards.0;
        let unknown: Vec<String> =
            children.into_iter().filter(|child| !known.contains_key(child.as_str())).collect();
        if is_unsaid || !unknown.is_empty() {
            self.list_at_ms = Some(now_ms);
            self.missing.extend(unknown);
        }
    }

    /// Handles a failed call.
    pub(super) fn failed(&mut self, call: &Call, trouble: Trouble, now_ms: i64) -> Verdict {
        self.calls = self.calls.saturating_sub(1);
        let (Call::Iterator { shard: id, .. } | Call::Read { shard: id, .. }) = call else {
            let (verdict, pause_ms) = self.list_failures.one_more(trouble, now_ms, self.luck.f64());
            self.list_at_ms = Some(now_ms + pause_ms);
            return verdict;
        };
        let Some(shard) = self.shards.0.get_mut(id) else { return Verdict::GiveUp };
        match (trouble, call) {
            (Trouble::Expired, _) => shard.state = State::NeedsIterator(now_ms),
            // Its records are older than the stream's retention. If the stream is gone, the listing says so.
            (Trouble::Gone, _) => {
                shard.state = State::Ended;
                self.list_at_ms = Some(now_ms);
            }
            (_, call) => return self.later(&Arc::clone(id), call, trouble, now_ms),
        }
        Verdict::Again { is_first: false }
    }

    fn later(&mut self, id: &Arc<str>, call: &Call, trouble: Trouble, now_ms: i64) -> Verdict {
        let Some(shard) = self.shards.0.get_mut(id) else { return Verdict::GiveUp };
        let (verdict, pause_ms) = shard.failures.one_more(trouble, now_ms, self.luck.f64());
        let at_ms = now_ms + pause_ms;
        shard.state = match call {
            Call::Read { iterator, .. } => State::Reads(at_ms, iterator.clone()),
            _ => State::NeedsIterator(at_ms),
        };
        verdict
    }

    #[cfg(test)]
    pub(super) fn has_ended(&self, id: &str) -> bool {
        self.shards.0.get(id).is_none_or(|shard| shard.state == State::Ended)
    }
}

/// Where a shard is read from, or that it is not read.
fn place(settings: &ReadSettings, shard: &Shard, is_first_listing: bool) -> Option<Place> {
    if settings.only_shard.as_ref().is_some_and(|only| *only != shard.id) {
        return None;
    }
    match settings.reached.get(&shard.id) {
        Some(Reached::At(number)) => return Some(Place::At(number.clone())),
        Some(Reached::After(number)) => return Some(Place::After(number.clone())),
        Some(Reached::End) => return None,
        None => {}
    }
    match &settings.from {
        From::Time(at_ms) => Some(Place::Time(*at_ms)),
        // A shard that came after the first listing begins with records that came later too.
        _ if !is_first_listing => Some(Place::Oldest),
        From::Oldest => Some(Place::Oldest),
        From::Latest => (!shard.closed).then_some(Place::Latest),
        From::Number(number) => Some(Place::At(number.clone())),
    }
}

/// The records within the bounds of time, and whether there was one beyond them. A server may return earlier
/// ones if a time has not passed yet.
fn within(mut records: Vec<ReadRecord>, settings: &ReadSettings) -> (Vec<ReadRecord>, bool) {
    if let From::Time(from_ms) = settings.from {
        records.retain(|record| record.arrived_at_ms >= from_ms);
    }
    let Some(to_ms) = settings.to_ms else { return (records, false) };
    let all = records.len();
    records.retain(|record| record.arrived_at_ms < to_ms);
    let is_past = records.len() < all;
    (records, is_past)
}
