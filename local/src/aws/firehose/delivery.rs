//! One delivery stream as a state machine: it is told what happened, and says what must be done.
//!
//! A stream record is passed once each of its user records was written or dropped on purpose. A process that
//! is killed therefore repeats some records after its restart and loses none: Firehose delivers at least
//! once, <https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html>. What waits is bounded: nothing
//! more is read while [`Rules::slack_bytes`] more than a full buffer of each bucket wait, except for one page
//! of each shard.

use std::sync::Arc;

use super::DeliveryError;
use super::apart::apart;
use super::buffer::Buffers;
use super::checkpoint::Origin;
use super::destination::DestinationError;
use super::ids::Ids;
use super::reading::{Read, Reading};
use super::search::Search;
use super::settings::{BufferRules, Rules};
use super::shard::Shard;
use super::step::{Action, Errand, Input};
use super::writes::{Kind, Writes};
use crate::aws::clock::Moment;
use crate::aws::event::{Event, Held};
use crate::aws::stream::source::Page;

/// A delivery stream at work.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) rules: Rules,
    pub(super) ids: Ids,
    pub(super) shards: Vec<Shard>,
    pub(super) buffers: Buffers,
    /// The buffers of the backup's bucket.
    pub(super) backup: Buffers,
    pub(super) writes: Writes,
    /// The documents on their way to an index, where the delivery stream has one.
    pub(super) search: Option<Search>,
    /// Memory held by user records that are not in a buffer yet.
    pub(super) taken_bytes: usize,
    pub(super) invocations: u64,
    reading: Reading,
    draining: bool,
    /// What was told of the buffers last.
    told: Held,
}

impl Delivery {
    pub(super) fn new(rules: Rules, ids: Ids) -> Self {
        Self {
            search: rules.search.clone().map(Search::new),
            rules,
            ids,
            shards: Vec::new(),
            buffers: Buffers::default(),
            backup: Buffers::default(),
            writes: Writes::default(),
            taken_bytes: 0,
            invocations: 0,
            reading: Reading::new(),
            draining: false,
            told: Held::default(),
        }
    }

    /// Takes in what happened, and appends what must be done.
    pub(super) fn step(
        &mut self,
        now: Moment,
        input: Input,
        actions: &mut Vec<Action>,
    ) -> Result<(), DeliveryError> {
        match input {
            Input::Begin => actions.push(Action::Do(Errand::Watch { seen: 0 })),
            Input::Shards(shards) => {
                self.shards.extend(self.reading.listed(shards).into_iter().map(Shard::new));
            }
            Input::Changed(version) => {
                actions.push(Action::Do(Errand::Watch { seen: version }));
                self.reading.changed(version);
            }
            Input::Read { shard, page } => self.take(now, shard, page)?,
            Input::Gone => self.reading.gone(),
            Input::Answered { shard, invocation, answer } => {
                self.answered(now, (shard, invocation), answer, actions)?;
            }
            Input::Written { object, result } => self.written(now, object, result, actions)?,
            Input::Indexed { request, answer } => self.indexed(now, request, answer, actions)?,
            Input::Passed { shard } => self.passed(shard, actions),
            Input::Woke => {}
            Input::Drain => self.draining = true,
        }
        self.go_on(now, actions)
    }

    /// Does everything that has become due.
    fn go_on(&mut self, now: Moment, actions: &mut Vec<Action>) -> Result<(), DeliveryError> {
        self.hand_on(now, self.draining || self.is_stuck());
        self.time_out(now, actions)?;
        self.invoke(now, actions)?;
        self.fill(now);
        self.request(now, actions);
        while let Some((number, object)) = self.writes.begin(now) {
            actions.push(Action::Do(Errand::Write { number, object }));
        }
        self.pass(actions);
        self.read(actions);
        self.tell_held(actions);
        actions.push(Action::WakeAt(self.due()));
        if self.reading.is_gone() && self.held_bytes() == 0 && self.is_idle() {
            actions.push(Action::End);
        }
        Ok(())
    }

    /// Tells what the buffers hold, where that changed.
    fn tell_held(&mut self, actions: &mut Vec<Action>) {
        let held = Held {
            taken_bytes: self.taken_bytes,
            taken_due: self.shards.iter().filter_map(Shard::due).min(),
            ..self.buffers.held(&self.rules.main.buffer)
        };
        if held != self.told {
            self.told = held;
            actions.push(Action::Tell(Event::Buffered { delivery: Arc::clone(&self.rules.name), held }));
        }
    }

    /// Closes the buffers whose time has come: by the rules, because nothing more comes, or to make room.
    fn fill(&mut self, now: Moment) {
        let nothing_comes = self.draining && self.taken_bytes == 0 && self.reading.is_at_tip();
        let take = |buffers: &mut Buffers, rules: &BufferRules| {
            if nothing_comes { buffers.take_all() } else { buffers.take_due(now, rules) }
        };
        let is_stuck = self.is_stuck();
        if let Some(search) = &mut self.search {
            search.close_due(now, nothing_comes || is_stuck);
        }
        let mut full = take(&mut self.buffers, &self.rules.main.buffer);
        let mut backed_up = self
            .rules
            .backup
            .as_ref()
            .map(|backup| take(&mut self.backup, &backup.buffer))
            .unwrap_or_default();
        if self.is_stuck() && full.is_empty() && backed_up.is_empty() {
            full.extend(self.buffers.take_largest());
            backed_up.extend(self.backup.take_largest());
        }
        for (place, buffer) in full {
            self.close(&place, buffer);
        }
        for (place, buffer) in backed_up {
            self.close_backup(&place, buffer);
        }
    }

    fn read(&mut self, actions: &mut Vec<Action>) {
        if self.reading.begin_list() {
            actions.push(Action::Do(Errand::ListShards));
        }
        let limit = self.rules.page;
        while self.held_bytes() + self.reading.under_way() * limit.bytes < self.limit() {
            let Some(Read { shard, id, after }) = self.reading.begin() else { return };
            actions.push(Action::Do(Errand::Read { shard, id, after, limit }));
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "what is taken in is used up")]
    fn take(&mut self, now: Moment, index: usize, page: Page) -> Result<(), DeliveryError> {
        let last = page.records.last().map(|record| record.sequence_number.as_str().into());
        for record in &page.records {
            let Some(shard) = self.shards.get_mut(index) else { return Ok(()) };
            let origin = Origin { shard: index, ordinal: shard.checkpoint.next() };
            let user_records = apart(origin, &shard.id, record);
            let ends = user_records.len() as u64 * if self.rules.backup.is_some() { 2 } else { 1 };
            shard.checkpoint.enter(record.sequence_number.as_str().into(), ends);
            for user_record in user_records {
                self.take_user_record(now, user_record)?;
            }
        }
        self.reading.page(index, last, page.is_end);
        Ok(())
    }

    fn written(
        &mut self,
        now: Moment,
        object: u64,
        result: Result<u64, DestinationError>,
        actions: &mut Vec<Action>,
    ) -> Result<(), DeliveryError> {
        let error = match result {
            Ok(bytes) => {
                self.stored(object, bytes, actions);
                return Ok(());
            }
            Err(error) => error,
        };
        let again = self.writes.failed(object, now, self.draining);
        let Some((key, tries)) = again.filter(|_| !error.is_permanent()) else {
            return Err(error.into());
        };
        let message = format!("{}: object {key} is not written after try {tries}: {error}", self.rules.name);
        actions.push(Action::Tell(Event::Warning { message }));
        Ok(())
    }

    /// An object was stored, with this many bytes.
    fn stored(&mut self, object: u64, bytes: u64, actions: &mut Vec<Action>) {
        let Some(written) = self.writes.written(object) else { return };
        let delivery = Arc::clone(&self.rules.name);
        match written.object.kind {
            Kind::Delivered => actions.push(Action::Tell(Event::Delivered {
                delivery,
                key: written.object.key,
                records: written.records,
                bytes,
            })),
            Kind::Failed => actions.extend(written.failures.into_iter().map(|(code, (records, message))| {
                let (delivery, key) = (Arc::clone(&delivery), written.object.key.clone());
                Action::Tell(Event::Failed { delivery, key, records, code: code.to_owned(), message })
            })),
            Kind::BackedUp => {}
        }
        self.ended(written.origins);
    }

    /// This many user records of each of these stream records were written or dropped.
    pub(super) fn ended(&mut self, origins: impl IntoIterator<Item = (Origin, u64)>) {
        for (origin, records) in origins {
            if let Some(shard) = self.shards.get_mut(origin.shard) {
                shard.checkpoint.end(origin.ordinal, records);
            }
        }
    }

    fn pass(&mut self, actions: &mut Vec<Action>) {
        for (index, shard) in self.shards.iter_mut().enumerate() {
            let is_end = self.reading.is_end(index) && !self.reading.is_gone();
            if let Some(place) = shard.next_place(is_end) {
                actions.push(Action::Do(Errand::Pass { shard: index, id: Arc::clone(&shard.id), place }));
            }
        }
    }

    fn passed(&mut self, index: usize, actions: &mut Vec<Action>) {
        let Some(shard) = self.shards.get_mut(index) else { return };
        let records = shard.place_is_kept();
        if records > 0 {
            let (delivery, stream) = (Arc::clone(&self.rules.name), Arc::clone(&self.rules.stream));
            let shard = Arc::clone(&shard.id);
            actions.push(Action::Tell(Event::Passed { delivery, stream, shard, records }));
        }
    }

    /// Whether a place is being stored that has not been reported yet.
    pub(super) fn is_keeping_a_place(&self) -> bool {
        self.shards.iter().any(Shard::is_keeping_a_place)
    }

    fn due(&self) -> Option<Moment> {
        let shards = self.shards.iter().filter_map(Shard::due);
        let backup = self.rules.backup.as_ref().and_then(|backup| self.backup.due(&backup.buffer));
        let buffers = self.buffers.due(&self.rules.main.buffer);
        let search = self.search.as_ref().and_then(Search::due);
        shards.chain(buffers).chain(backup).chain(search).chain(self.writes.due()).min()
    }

    /// Memory held by everything that is not written yet.
    pub(super) fn held_bytes(&self) -> usize {
        let search = self.search.as_ref().map_or(0, Search::held_bytes);
        let buffers = self.buffers.held_bytes() + self.backup.held_bytes();
        self.taken_bytes + buffers + search + self.writes.held_bytes()
    }

    /// While this much is held, nothing more is read.
    pub(super) fn limit(&self) -> usize {
        let backup = self.rules.backup.as_ref().map_or(0, |backup| backup.buffer.bytes);
        let search = self.rules.search.as_ref().map_or(0, |search| search.buffer_bytes);
        self.rules.slack_bytes + self.rules.main.buffer.bytes + backup + search
    }

    /// Whether nothing is under way that would make room.
    fn is_idle(&self) -> bool {
        let searches = self.search.as_ref().is_some_and(|search| !search.is_idle());
        !searches && self.writes.is_empty() && self.shards.iter().all(|shard| !shard.is_transforming())
    }

    /// Whether the limit is reached and nothing under way would make room. What waits is then passed on
    /// early.
    fn is_stuck(&self) -> bool {
        self.held_bytes() >= self.limit() && self.is_idle()
    }
}
