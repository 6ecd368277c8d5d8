//! The way of a delivery stream's user records: through the transform, to the buffers, or to the errors.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::DeliveryError;
use super::apart::UserRecord;
use super::buffer::{Entry, ObjectBuffer, Place};
use super::delivery::Delivery;
use super::event::{Sender, event};
use super::failure::Failure;
use super::ids::Ids;
use super::settings::Outlet;
use super::step::{Action, Errand};
use super::transform::{End, Next, Transform, Unanswered};
use super::writes::{Kind, Outgoing};
use crate::aws::clock::Moment;
use crate::aws::event::Event;
use crate::aws::lambda::Invocation;

/// The most active partitions of a delivery stream. Records of further ones go to the error prefix.
/// <https://docs.aws.amazon.com/firehose/latest/dev/limits.html>
const MAX_PARTITIONS: usize = 500;
const PROCESSING_FAILED: &str = "processing-failed";

impl Delivery {
    pub(super) fn take_user_record(&mut self, now: Moment, record: UserRecord) -> Result<(), DeliveryError> {
        self.taken_bytes += record.held_bytes();
        self.back_up(now, &record);
        let Some(shard) = self.shards.get_mut(record.origin.shard) else { return Ok(()) };
        if let Some(rules) = &self.rules.processing {
            shard.intake.take(now, record, rules, &mut shard.batches);
            Ok(())
        } else {
            let end = End::Deliver { data: record.data.clone(), partition_keys: BTreeMap::new() };
            self.end(now, &record, end, &mut Vec::new())
        }
    }

    /// Makes batches of what has waited long enough, or of everything.
    pub(super) fn hand_on(&mut self, now: Moment, everything: bool) {
        for shard in &mut self.shards {
            if everything || shard.intake.due().is_some_and(|due| due <= now) {
                shard.batches.extend(shard.intake.hand_on());
            }
        }
    }

    /// Starts the transform of the next batch of each shard that has none under way.
    pub(super) fn invoke(&mut self, now: Moment, actions: &mut Vec<Action>) -> Result<(), DeliveryError> {
        for index in 0..self.shards.len() {
            let Some(shard) = self.shards.get_mut(index) else { continue };
            if shard.transform.is_some() {
                continue;
            }
            let Some(batch) = shard.batches.pop_front() else { continue };
            shard.transform = Some((0, Transform::new(batch)));
            self.attempt(now, index, actions)?;
        }
        Ok(())
    }

    fn attempt(&mut self, now: Moment, index: usize, actions: &mut Vec<Action>) -> Result<(), DeliveryError> {
        let transform = self.shards.get_mut(index).and_then(|shard| shard.transform.as_mut());
        let Some((number, transform)) = transform else { return Ok(()) };
        self.invocations += 1;
        *number = self.invocations;
        let id = self.ids.uuid().to_string();
        let sender = Sender { delivery_arn: &self.rules.arn, stream_arn: &self.rules.stream_arn };
        let event = event(transform.begin(now), &id, &sender)?;
        let invocation = Invocation { request_id: id, event };
        actions.push(Action::Do(Errand::Invoke { shard: index, number: *number, invocation }));
        Ok(())
    }

    /// Gives up the invocations that took too long.
    pub(super) fn time_out(&mut self, now: Moment, actions: &mut Vec<Action>) -> Result<(), DeliveryError> {
        let Some(rules) = &self.rules.processing else { return Ok(()) };
        let mut late = Vec::new();
        for (index, shard) in self.shards.iter_mut().enumerate() {
            if let Some((_, transform)) = shard.transform.as_mut().filter(|(_, it)| it.deadline() <= now) {
                late.push((index, transform.timed_out(rules)));
            }
        }
        late.into_iter().try_for_each(|(index, next)| self.follow(now, index, next, actions))
    }

    /// Takes a function's answer in. The answer to an invocation that was given up is ignored.
    pub(super) fn answered(
        &mut self,
        now: Moment,
        (index, invocation): (usize, u64),
        answer: Result<Bytes, Unanswered>,
        actions: &mut Vec<Action>,
    ) -> Result<(), DeliveryError> {
        let transform = self.shards.get_mut(index).and_then(|shard| shard.transform.as_mut());
        let awaited =
            transform.filter(|(number, _)| *number == invocation).zip(self.rules.processing.as_ref());
        let Some(((_, transform), rules)) = awaited else { return Ok(()) };
        let next = transform.answered(answer, rules);
        self.follow(now, index, next, actions)
    }

    fn follow(
        &mut self,
        now: Moment,
        index: usize,
        next: Next,
        actions: &mut Vec<Action>,
    ) -> Result<(), DeliveryError> {
        match next {
            Next::Again(failure) => {
                actions.push(self.warning(&failure));
                self.attempt(now, index, actions)
            }
            Next::Ended(ends) => {
                if let Some(shard) = self.shards.get_mut(index) {
                    shard.transform = None;
                }
                let mut dropped = Vec::new();
                for (record, end) in ends {
                    self.end(now, &record, end, &mut dropped)?;
                }
                self.drop_records(dropped, actions);
                Ok(())
            }
        }
    }

    fn warning(&self, failure: &Failure) -> Action {
        let message = format!("{}: {}", self.rules.name, failure.message);
        Action::Tell(Event::Warning { message })
    }

    #[expect(clippy::needless_pass_by_value, reason = "what is taken in is used up")]
    fn drop_records(&mut self, dropped: Vec<UserRecord>, actions: &mut Vec<Action>) {
        if dropped.is_empty() {
            return;
        }
        let (delivery, records) = (Arc::clone(&self.rules.name), dropped.len() as u64);
        actions.push(Action::Tell(Event::Dropped { delivery, records }));
        self.ended(dropped.iter().map(|record| (record.origin, 1)));
    }

    /// A user record is transformed, or needs no transform: it goes to a buffer, or is dropped.
    fn end(
        &mut self,
        now: Moment,
        record: &UserRecord,
        end: End,
        dropped: &mut Vec<UserRecord>,
    ) -> Result<(), DeliveryError> {
        self.taken_bytes -= record.held_bytes();
        match end {
            End::Dropped => dropped.push(record.clone()),
            End::Failed(failure) => self.fail(now, record, PROCESSING_FAILED, &failure)?,
            End::Deliver { data, .. } if self.search.is_some() => self.index(now, record, &data)?,
            End::Deliver { data, partition_keys } => match self.place(partition_keys) {
                Ok(place) => self.push(now, place, entry(record, &data, None)),
                Err((kind, message)) => {
                    let failure =
                        Failure { attempts: 1, code: kind, message: message.into(), lambda_arn: None };
                    self.fail(now, record, kind, &failure)?;
                }
            },
        }
        Ok(())
    }

    fn fail(
        &mut self,
        now: Moment,
        record: &UserRecord,
        kind: &'static str,
        failure: &Failure,
    ) -> Result<(), DeliveryError> {
        let line = failure.line(record, now)?;
        let line = entry(record, &line, Some((failure.code, &failure.message)));
        self.push(now, Place::Errors(kind), line);
        Ok(())
    }

    /// The buffer of a record. All of its partition keys must be present, and at most 500 partitions may be
    /// active.
    fn place(&self, mut keys: BTreeMap<String, String>) -> Result<Place, (&'static str, &'static str)> {
        if !self.rules.dynamic_partitioning {
            return Ok(Place::Partition(BTreeMap::new()));
        }
        let prefix = &self.rules.main.naming.objects;
        if prefix.partition_keys().any(|name| keys.get(name).is_none_or(String::is_empty)) {
            return Err(("metadata-extraction-failed", "the record lacks a partition key of the prefix"));
        }
        keys.retain(|name, _| prefix.partition_keys().any(|needed| needed == name));
        let place = Place::Partition(keys);
        if self.buffers.has_room_for(&place, MAX_PARTITIONS) {
            return Ok(place);
        }
        Err(("active-partitions-exceeded", "500 partitions are active, the limit"))
    }

    /// Puts an entry into the buffer of its place.
    pub(super) fn push(&mut self, now: Moment, place: Place, entry: Entry<'_>) {
        if let Some((place, full)) = self.buffers.push(now, place, entry, &self.rules.main.buffer) {
            self.close(&place, full);
        }
    }

    fn back_up(&mut self, now: Moment, record: &UserRecord) {
        let Some(outlet) = &self.rules.backup else { return };
        let entry = entry(record, &record.data, None);
        let place = Place::Partition(BTreeMap::new());
        if let Some((place, full)) = self.backup.push(now, place, entry, &outlet.buffer) {
            self.close_backup(&place, full);
        }
    }

    /// Makes an object of a buffer, which is then written.
    pub(super) fn close(&mut self, place: &Place, buffer: ObjectBuffer) {
        let kind = match place {
            Place::Partition(_) => Kind::Delivered,
            Place::Errors(_) => Kind::Failed,
        };
        self.writes.push(outgoing(kind, &self.rules.main, &mut self.ids, (place, buffer)));
    }

    /// Makes an object of a buffer of the backup, which is then written.
    pub(super) fn close_backup(&mut self, place: &Place, buffer: ObjectBuffer) {
        if let Some(outlet) = &self.rules.backup {
            self.writes.push(outgoing(Kind::BackedUp, outlet, &mut self.ids, (place, buffer)));
        }
    }
}

/// A record as a line of an object: what of it is written, and why it failed where it did.
fn entry<'a>(record: &UserRecord, data: &'a [u8], failure: Option<(&'static str, &'a str)>) -> Entry<'a> {
    Entry { origin: record.origin, arrived_at: record.arrived_at, data, failure }
}

fn outgoing(kind: Kind, outlet: &Outlet, ids: &mut Ids, (place, buffer): (&Place, ObjectBuffer)) -> Outgoing {
    let key = outlet.naming.key(place, buffer.oldest, ids);
    Outgoing::new(kind, key, buffer, outlet.compression)
}
