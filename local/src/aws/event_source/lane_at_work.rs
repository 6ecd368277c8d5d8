//! A lane, with what its shell knows about it: how far it was read, and the request under way.

use std::sync::Arc;

use super::answer::Expected;
use super::checkpoint::Number;
use super::event::EventRecord;
use super::lane::{Lane, LaneRecord};
use super::settings::LaneSettings;
use super::shard::LANE_RECORDS;
use super::window::Window;
use crate::aws::clock::Moment;
use crate::aws::lambda::MAX_EVENT_BYTES;

/// A lane of a shard at work.
pub(super) struct LaneAtWork {
    pub(super) lane: Lane<EventRecord>,
    pub(super) wake: Option<Moment>,
    /// The last of its records that ended.
    pub(super) done: Option<Number>,
    /// The lane has all of its records up to this one.
    pub(super) read: Option<Number>,
    /// Whether the stream had nothing after `read` when it was last read there.
    pub(super) at_tip: bool,
    /// Whether the lane has all of its records to the end of the shard.
    pub(super) is_closed: bool,
    pub(super) has_ended: bool,
    pub(super) request: Request,
    page: PageInHand,
}

/// The last request that a lane made.
#[derive(Default)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) numbers: Vec<Arc<str>>,
    pub(super) expected: Expected,
    /// The reason if it failed.
    pub(super) reason: String,
}

/// What a lane may take from the page that is being distributed.
#[derive(Default)]
struct PageInHand {
    takes_part: bool,
    records: usize,
    bytes: usize,
}

impl LaneAtWork {
    /// Makes a lane that is done with everything up to a record.
    pub(super) fn new(settings: LaneSettings, done: Option<Number>, window: Option<Window>) -> Self {
        Self {
            lane: Lane::resume(settings, window),
            wake: None,
            read: done.clone(),
            done,
            at_tip: false,
            is_closed: false,
            has_ended: false,
            request: Request::default(),
            page: PageInHand::default(),
        }
    }

    /// Whether the next batch is incomplete, so that more must be read.
    pub(super) fn is_hungry(&self, batch_size: usize) -> bool {
        let (records, bytes) = self.waiting();
        !self.is_closed && !self.has_ended && records < batch_size && bytes < MAX_EVENT_BYTES
    }

    /// The record up to which it is done with everything.
    pub(super) fn done_with(&self) -> Option<Number> {
        let is_done = self.lane.unfinished().next().is_none();
        if is_done { self.read.clone() } else { self.done.clone() }
    }

    /// A page that begins after `from` is about to be distributed. A lane that is not there yet must first
    /// read what comes before it.
    pub(super) fn begin_page(&mut self, from: Option<&Number>) {
        let (records, bytes) = self.waiting();
        let takes_part = !self.has_ended && !self.is_closed && self.read.as_ref() >= from;
        self.page = PageInHand { takes_part, records, bytes };
    }

    /// Whether it takes the record. Once it has no room for a record, it takes no further ones of this page.
    pub(super) fn wants(&mut self, number: &Number, batch_size: usize) -> bool {
        if !self.page.takes_part || self.read.as_ref() >= Some(number) {
            return false;
        }
        let most = batch_size.max(LANE_RECORDS);
        if self.page.records >= most || self.page.bytes >= MAX_EVENT_BYTES {
            self.page.takes_part = false;
            self.at_tip = false;
        }
        self.page.takes_part
    }

    pub(super) fn take(&mut self, number: Number, record: &EventRecord) {
        self.read = Some(number);
        self.page.records += 1;
        self.page.bytes += record.event_bytes();
    }

    /// The page ended with this record; true if the lane now has everything to the end of the shard.
    pub(super) fn end_page(&mut self, last: Option<&Number>, is_end: bool) -> bool {
        if !self.page.takes_part {
            return false;
        }
        self.at_tip = last.is_none();
        self.read = self.read.take().max(last.cloned());
        self.is_closed = is_end;
        is_end
    }

    fn waiting(&self) -> (usize, usize) {
        let waiting = self.lane.waiting();
        (waiting.len(), waiting.map(LaneRecord::event_bytes).sum())
    }
}
