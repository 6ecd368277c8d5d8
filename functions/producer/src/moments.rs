//! The moments of one invocation: when it began, and by when each part of it is over.

use std::time::Duration;

use edge::clock::{now_ms, since_epoch_ms};
use edge::lambda::Invocation;
use tokio::time::Instant;

/// A lease lasts this much longer than the invocation that holds it, for clocks that differ.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// The moments of one invocation.
pub(crate) struct Moments {
    pub(crate) now_ms: i64,
    pub(crate) lease_expires_at_ms: i64,
    /// No record is read after this.
    pub(crate) stop_at: Instant,
    /// No request is on its way after this.
    pub(crate) deadline: Instant,
}

impl Moments {
    pub(crate) fn of(invocation: &Invocation, margin: Duration) -> Self {
        let usable = invocation.time_left().saturating_sub(margin);
        Self {
            now_ms: now_ms(),
            lease_expires_at_ms: since_epoch_ms(invocation.deadline + LEASE_MARGIN),
            // The last records need time to be acknowledged, refused and sent again.
            stop_at: Instant::now() + usable.saturating_sub(margin),
            deadline: Instant::now() + usable,
        }
    }
}
