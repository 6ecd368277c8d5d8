//! The streams: ferrokinesis's store, the order of what is done to it, and who reads it.

use std::time::{SystemTime, UNIX_EPOCH};

use ferrokinesis::constants::INVALID_ARGUMENT;
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::store::Store;
use tokio::sync::RwLock;

use super::retention::Readers;

/// What every operation of ours works on.
pub(super) struct Streams {
    pub store: Store,
    /// Held for writing while records take their numbers and are written, for reading while they are read: the store
    /// does the first in two steps, and a reader between them would pass by the record that comes late.
    pub order: RwLock<()>,
    pub readers: Readers,
}

impl Streams {
    pub(super) fn new(store: Store) -> Self {
        Self { store, order: RwLock::new(()), readers: Readers::default() }
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds as the wire has them: seconds with decimals. Exact to the millisecond for 280,000 years.
#[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
pub(super) fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// The error of a call whose arguments don't go together.
pub(super) fn invalid_argument(message: &str) -> KinesisErrorResponse {
    KinesisErrorResponse::client_error(INVALID_ARGUMENT, Some(message))
}
