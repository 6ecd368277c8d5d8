//! Reads records: where a position is, and what follows it. No lock is held while files are read.

use std::io::ErrorKind;
use std::sync::Arc;

use super::description::shard_index;
use super::frame::Record;
use super::lock::{lock, read};
use super::log::{Limit, first_at, read_into};
use super::stream::{Log, Stream};
use crate::aws::stream::StreamError;

/// Where a read begins, for every kind of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// The oldest record that is kept.
    TrimHorizon,
    /// The next record to come.
    Latest,
    /// The first record that arrived at this time or later, in milliseconds since 1970; the next one to come
    /// if there is none.
    AtTimestamp(u64),
    /// The record with this counter, or the first stored one after it.
    At(u64),
}

/// The result of a read.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the word of the field")]
pub(crate) struct Records {
    pub(crate) records: Vec<Record>,
    /// The counter at which the next read begins.
    pub(crate) next: u64,
    /// The shard is closed, and nothing follows these records.
    pub(crate) is_end: bool,
    /// More records follow these.
    pub(crate) has_more: bool,
}

/// A shard as it was at one moment.
struct Moment {
    next: u64,
    end: Option<u64>,
}

impl Stream {
    /// The counter that a start means in a shard; `None` if the stream has no such shard.
    pub(crate) fn position(&self, shard: u32, start: Start) -> Result<Option<u64>, StreamError> {
        let Some(log) = self.log(shard)? else { return Ok(None) };
        let (oldest, next, segments) = {
            let records = lock(&log.records);
            (records.oldest(), records.next(), records.segments())
        };
        Ok(Some(match start {
            Start::TrimHorizon => oldest,
            Start::Latest => next,
            Start::At(counter) => counter.clamp(oldest, next),
            Start::AtTimestamp(ms) => first_at(&segments, ms).map_err(self.storage())?.unwrap_or(next),
        }))
    }

    /// Up to `limit` records from a counter on.
    pub(crate) fn read(&self, shard: u32, from: u64, limit: Limit) -> Result<Records, StreamError> {
        let Some(log) = self.log(shard)? else { return Err(self.not_found()) };
        let mut found = Records { next: from, ..Records::default() };
        loop {
            let (segment, moment) = {
                // The end of a shard is read together with its records, so that no record can come after it
                // unnoticed.
                let state = read(&self.state);
                if state.is_deleted {
                    return Err(self.not_found());
                }
                let records = lock(&log.records);
                let end =
                    state.description.shard(shard).and_then(|shard| shard.closed).map(|closed| closed.end);
                let moment = Moment { next: records.next(), end };
                (records.segment(found.next), moment)
            };
            let Some((segment, end)) = segment else {
                // Nothing is stored from there on: the shard is empty, or all of it is past its retention.
                found.next = found.next.max(moment.next);
                return Ok(found.ended(&moment));
            };
            let from = found.next.max(segment.first);
            match read_into(&mut found.records, &segment, from, limit) {
                Ok(has_room) => {
                    let after_last = found.records.last().map_or(from, |record| record.counter + 1);
                    found.next = after_last.max(from);
                    if !has_room {
                        return Ok(found.ended(&moment));
                    }
                    // If records were lost by damage, the next segment does not begin directly after the last
                    // record.
                    found.next = found.next.max(end);
                }
                // The segment was past its retention and has been removed since it was looked up.
                Err(error) if error.kind() == ErrorKind::NotFound && self.is_gone(&log, segment.first) => {}
                Err(error) => return Err(self.storage()(error)),
            }
        }
    }

    fn is_gone(&self, log: &Log, first: u64) -> bool {
        let is_deleted = read(&self.state).is_deleted;
        is_deleted || lock(&log.records).oldest() > first
    }

    pub(super) fn log(&self, shard: u32) -> Result<Option<Arc<Log>>, StreamError> {
        let state = read(&self.state);
        if state.is_deleted { Err(self.not_found()) } else { Ok(state.logs.get(&shard).cloned()) }
    }

    /// A shard's log by the shard's id.
    pub(super) fn log_of(&self, id: &str) -> Result<Option<Arc<Log>>, StreamError> {
        shard_index(id).map_or(Ok(None), |index| self.log(index))
    }
}

impl Records {
    fn ended(mut self, moment: &Moment) -> Self {
        self.is_end = moment.end.is_some_and(|end| self.next >= end);
        self.has_more = self.next < moment.next;
        self
    }
}
