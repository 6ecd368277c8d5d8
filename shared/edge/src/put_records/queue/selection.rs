//! Chooses which of the waiting entries go in the next request.

use std::collections::HashSet;

use tokio::time::Instant;

use super::Queue;
use super::waiting::Waiting;

/// The entries of a request, or when to look again.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Places in the backlog, in ascending order.
    pub(super) places: Vec<usize>,
    pub(super) wake_at: Option<Instant>,
}

impl Queue {
    /// Chooses entries in the order in which they were pushed, and passes over those that may not go yet.
    /// Counts them against the rates of their shards.
    pub(super) fn select(&mut self, now: Instant) -> Selection {
        let Self { settings, backlog, foreseen, busy, .. } = self;
        let mut chosen = Selection::default();
        let mut passed = HashSet::new();
        let mut request_entries = settings.request_entries;
        let mut bytes = 0;
        // A full request is sent. An entry that has waited long enough takes the whole request with it.
        let is_full = backlog.len() >= settings.request_entries || backlog.bytes() >= settings.request_bytes;
        let is_aged = backlog.oldest().is_some_and(|oldest| now >= oldest.state.since + settings.linger);
        let request_is_due = self.draining || is_full || is_aged;
        // For each key only the oldest entry may go, and only while no other is under way.
        let mut key_is_free = |waiting: &Waiting| {
            let key = waiting.state.order_key;
            !settings.order_per_key || (passed.insert(key) && !busy.contains(&key))
        };
        let due_at = |waiting: &Waiting| match waiting.state.first_tried {
            None if !request_is_due => waiting.state.not_before.max(waiting.state.since + settings.linger),
            _ => waiting.state.not_before,
        };
        for (place, waiting) in backlog.iter().enumerate() {
            let total_bytes = bytes + waiting.entry.bytes();
            request_entries = request_entries.min(waiting.state.request_entries);
            let count = chosen.places.len();
            if count >= request_entries || (count > 0 && total_bytes > settings.request_bytes) {
                break;
            }
            if !key_is_free(waiting) {
                continue;
            }
            let due_at = due_at(waiting);
            let may_go = if due_at > now { Err(due_at) } else { foreseen.take_rate(waiting) };
            match may_go {
                Ok(()) => {
                    chosen.places.push(place);
                    bytes = total_bytes;
                }
                Err(wake_at) => {
                    chosen.wake_at = Some(chosen.wake_at.map_or(wake_at, |other| other.min(wake_at)));
                }
            }
        }
        chosen
    }
}
