//! What will be one object: the records of one place, put together as they are.

use std::time::Duration;

use tokio::time::Instant;

use crate::pipeline::position::Position;

/// An object in the making.
#[derive(Debug)]
pub(super) struct ObjectBuffer {
    pub(super) bytes: Vec<u8>,
    pub(super) oldest_ms: i64,
    pub(super) positions: Vec<Position>,
    opened: Instant,
    last: Instant,
}

impl ObjectBuffer {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { bytes: Vec::new(), oldest_ms: i64::MAX, positions: Vec::new(), opened: now, last: now }
    }

    pub(super) fn push(&mut self, position: Position, arrived_at_ms: i64, data: &[u8]) {
        self.bytes.extend_from_slice(data);
        self.oldest_ms = self.oldest_ms.min(arrived_at_ms);
        self.positions.push(position);
        self.last = Instant::now();
    }

    /// When it is written at the latest: after the interval, or, when `quiet` is given, once
    /// nothing was added for so long.
    pub(super) fn due(&self, interval: Duration, quiet: Option<Duration>) -> Instant {
        let at_the_latest = self.opened + interval;
        quiet.map_or(at_the_latest, |quiet| at_the_latest.min(self.last + quiet))
    }
}
