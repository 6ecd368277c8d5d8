//! The wall clock in the unit that records, cursors and leases use.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the present time in milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    since_epoch_ms(SystemTime::now())
}

/// Converts a time to milliseconds since the Unix epoch. A time before the epoch counts as 0.
pub fn since_epoch_ms(time: SystemTime) -> i64 {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
