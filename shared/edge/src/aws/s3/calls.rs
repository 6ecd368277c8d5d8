//! One call of the store: its operation, its object and its attempts.

use std::time::{Duration, Instant};

use object_store::Error;
use object_store::path::Path;

use crate::BoxError;
use crate::backoff::full_jitter;
use crate::store::{StoreError, check_key};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The operation and the object, for errors.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) operation: &'static str,
    pub(super) key: &'a str,
}

impl Call<'_> {
    /// `Path::from` would rewrite the key, whereas `parse` keeps it or refuses it.
    pub(super) fn path(self) -> Result<Path, StoreError> {
        check_key(self.key)?;
        Path::parse(self.key).map_err(|_| StoreError::InvalidKey { key: self.key.to_owned() })
    }

    pub(super) fn no_tag(self) -> StoreError {
        self.unavailable(1, "the answer has no ETag".into())
    }

    fn unavailable(self, attempts: u32, source: BoxError) -> StoreError {
        let Self { operation, key } = self;
        StoreError::Unavailable { operation, key: key.to_owned(), attempts, source }
    }
}

/// The attempts of one call. A write may be repeated after any failure, since its condition and its write id
/// make a repeat harmless.
pub(super) struct Tries {
    until: Instant,
    made: u32,
}

impl Tries {
    /// Allows attempts for this long from now.
    pub(super) fn within(patience: Duration) -> Self {
        Self { until: Instant::now() + patience, made: 0 }
    }

    /// Waits before the next attempt, or gives up with the error of the last one.
    pub(super) async fn again(&mut self, call: Call<'_>, error: Error) -> Result<(), StoreError> {
        let (operation, key) = (call.operation, call.key.to_owned());
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                return Err(StoreError::Denied { operation, key, source: error.into() });
            }
            Error::InvalidPath { .. } => return Err(StoreError::InvalidKey { key }),
            _ => {}
        }
        let pause = full_jitter(FIRST_PAUSE, LONGEST_PAUSE, self.made);
        self.made += 1;
        if Instant::now() + pause >= self.until {
            return Err(call.unavailable(self.made, error.into()));
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}
