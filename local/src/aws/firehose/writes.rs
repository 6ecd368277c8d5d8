//! The objects on their way to a bucket, until each of them is written.

use std::collections::BTreeMap;

use bytes::Bytes;
use template::Compression;

use super::buffer::ObjectBuffer;
use super::checkpoint::Origin;
use super::retry::Retry;
use crate::aws::clock::Moment;

/// How many objects are written at once.
const MAX_AT_ONCE: usize = 8;

/// What the records of an object count as once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Delivered,
    Failed,
    /// Stored unchanged, in the bucket of the backup.
    BackedUp,
}

/// An object to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) key: String,
    /// The bytes before compression.
    pub(super) body: Bytes,
    pub(super) compression: Compression,
}

/// What is known about an object until it is written.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) object: Object,
    pub(super) records: u64,
    pub(super) origins: Vec<(Origin, u64)>,
    pub(super) failures: BTreeMap<&'static str, (u64, String)>,
    held_bytes: usize,
    state: State,
    retry: Retry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Due(Moment),
    UnderWay,
}

impl Outgoing {
    pub(super) fn new(kind: Kind, key: String, buffer: ObjectBuffer, compression: Compression) -> Self {
        Self {
            held_bytes: buffer.held_bytes(),
            object: Object { kind, key, body: buffer.bytes.into(), compression },
            records: buffer.records,
            origins: buffer.origins,
            failures: buffer.failures,
            state: State::Due(Moment::MIN),
            retry: Retry::default(),
        }
    }
}

/// The objects of a delivery stream that are not written yet, by number.
#[derive(Debug, Default)]
pub(super) struct Writes {
    outgoing: BTreeMap<u64, Outgoing>,
    numbered: u64,
    under_way: usize,
    held_bytes: usize,
}

impl Writes {
    pub(super) fn push(&mut self, outgoing: Outgoing) {
        self.held_bytes += outgoing.held_bytes;
        self.outgoing.insert(self.numbered, outgoing);
        self.numbered += 1;
    }

    /// The next object that may be written now, oldest first.
    pub(super) fn begin(&mut self, now: Moment) -> Option<(u64, Object)> {
        if self.under_way >= MAX_AT_ONCE {
            return None;
        }
        let is_due = |outgoing: &Outgoing| matches!(outgoing.state, State::Due(at) if at <= now);
        let (number, outgoing) = self.outgoing.iter_mut().find(|(_, outgoing)| is_due(outgoing))?;
        outgoing.state = State::UnderWay;
        self.under_way += 1;
        Some((*number, outgoing.object.clone()))
    }

    /// An object is written.
    pub(super) fn written(&mut self, number: u64) -> Option<Outgoing> {
        let outgoing = self.outgoing.remove(&number)?;
        self.under_way -= 1;
        self.held_bytes -= outgoing.held_bytes;
        Some(outgoing)
    }

    /// An object could not be written. Returns its key and how often it was tried, or `None` if it is not
    /// tried again.
    pub(super) fn failed(&mut self, number: u64, now: Moment, draining: bool) -> Option<(&str, u32)> {
        let outgoing = self.outgoing.get_mut(&number)?;
        outgoing.state = State::Due(outgoing.retry.failed(now, draining)?);
        self.under_way -= 1;
        Some((&outgoing.object.key, outgoing.retry.tries()))
    }

    /// When the next object is tried again.
    pub(super) fn due(&self) -> Option<Moment> {
        let due = self.outgoing.values().filter_map(|outgoing| match outgoing.state {
            State::Due(at) => Some(at),
            State::UnderWay => None,
        });
        if self.under_way < MAX_AT_ONCE { due.min() } else { None }
    }

    /// How much memory the objects hold.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.outgoing.is_empty()
    }
}
