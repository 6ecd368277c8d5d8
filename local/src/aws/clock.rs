//! The clock that tells the time to everything that waits.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;
use tokio::time::Instant;

/// A point in time, in milliseconds since the Unix epoch.
pub type Moment = i64;

/// Tells the time and waits for it. State machines are told the time instead, and have no clock.
pub(crate) trait Clock: Send + Sync {
    /// The present time. It never goes backwards within a process.
    fn now(&self) -> Moment;
    /// Ends at `at`, or at once if that has passed.
    fn sleep_until(&self, at: Moment) -> BoxFuture<'static, ()>;
}

/// The machine's clock, read once and then advanced by tokio's clock, so that a test that pauses tokio's time
/// pauses this one too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock {
    begun: Instant,
    begun_at: Moment,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), begun_at: now_ms() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        self.begun_at.saturating_add(milliseconds(self.begun.elapsed()))
    }

    fn sleep_until(&self, at: Moment) -> BoxFuture<'static, ()> {
        let left = u64::try_from(at.saturating_sub(self.begun_at)).unwrap_or(0);
        Box::pin(tokio::time::sleep_until(self.begun + Duration::from_millis(left)))
    }
}

/// A duration in whole milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The machine's time.
pub(crate) fn now_ms() -> Moment {
    milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}
