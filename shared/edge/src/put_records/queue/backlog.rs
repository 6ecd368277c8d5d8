//! The entries that wait to be sent, or to be sent again.

use std::collections::VecDeque;

use super::waiting::Waiting;

/// Entries in the order in which they were pushed: new ones come last, and those tried before are near the
/// front.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    entries: VecDeque<Waiting>,
    bytes: usize,
}

impl Backlog {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of all data and partition keys.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn oldest(&self) -> Option<&Waiting> {
        self.entries.front()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.entries.iter()
    }

    /// Takes in an entry that was pushed after all others.
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.bytes += waiting.entry.bytes();
        self.entries.push_back(waiting);
    }

    /// Takes the entries of one request in again, each at its place. They are inserted from the last to the
    /// first, so that each is near the front, where room can be made without moving the rest.
    pub(super) fn put_back(
        &mut self,
        batch: impl IntoIterator<Item = Waiting, IntoIter: DoubleEndedIterator>,
    ) {
        for waiting in batch.into_iter().rev() {
            self.bytes += waiting.entry.bytes();
            let ordinal = waiting.state.ordinal;
            let place = self.entries.partition_point(|other| other.state.ordinal < ordinal);
            self.entries.insert(place, waiting);
        }
    }

    /// Takes out the entries at these places, which ascend. Entries that are passed over stay before the
    /// rest.
    pub(super) fn take(&mut self, places: &[usize]) -> Vec<Waiting> {
        let mut taken = Vec::with_capacity(places.len());
        let mut passed = Vec::new();
        let upto = places.last().map_or(0, |last| last + 1);
        let mut places = places.iter().peekable();
        for (place, waiting) in self.entries.drain(..upto).enumerate() {
            let to = if places.next_if_eq(&&place).is_some() { &mut taken } else { &mut passed };
            to.push(waiting);
        }
        for waiting in passed.into_iter().rev() {
            self.entries.push_front(waiting);
        }
        self.bytes -= taken.iter().map(|waiting| waiting.entry.bytes()).sum::<usize>();
        taken
    }

    /// Takes out everything.
    pub(super) fn take_all(&mut self) -> VecDeque<Waiting> {
        self.bytes = 0;
        std::mem::take(&mut self.entries)
    }
}
