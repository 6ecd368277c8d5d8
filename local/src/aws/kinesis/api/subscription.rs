//! Who is subscribed to a shard. A consumer has one subscription, and a new one at most every five seconds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use template::ACCOUNT;
use tokio::sync::watch;

use super::error::{ApiError, IN_USE};
use super::target::stream_arn;
use crate::aws::kinesis::store::{Now, shard_id};

/// A consumer that subscribes again within this time is refused.
const AGAIN_AFTER_MS: u64 = 5_000;

/// What a subscription belongs to: stream, consumer and shard.
pub(super) type Subscribed = (String, String, u32);

/// The subscriptions that were taken last.
#[derive(Default)]
pub(super) struct Subscriptions(Mutex<HashMap<Subscribed, Taken>>);

struct Taken {
    at_ms: u64,
    /// Closed when the next subscription takes over.
    _here: watch::Sender<()>,
}

impl Subscriptions {
    /// Takes a subscription over. It ends once the receiver is closed.
    pub(super) fn take(&self, of: Subscribed, now: Now) -> Result<watch::Receiver<()>, ApiError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(&of).is_some_and(|taken| now.0.saturating_sub(taken.at_ms) < AGAIN_AFTER_MS) {
            let (stream, consumer, shard) = of;
            let message = format!(
                "Another active subscription exists for this consumer: {ACCOUNT}:{}:{}:{consumer}",
                stream_arn(&stream),
                shard_id(shard)
            );
            return Err(ApiError::new(IN_USE, message));
        }
        let (here, ended) = watch::channel(());
        all.insert(of, Taken { at_ms: now.0, _here: here });
        Ok(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_subscribes_again_after_five_seconds_and_takes_over() {
        let subscriptions = Subscriptions::default();
        let of = |consumer: &str| ("s".to_owned(), consumer.to_owned(), 0);
        let first = subscriptions.take(of("c"), Now(10_000)).unwrap();
        assert_eq!(subscriptions.take(of("c"), Now(14_999)).unwrap_err().code, IN_USE);
        assert!(subscriptions.take(of("other"), Now(14_999)).is_ok());
        assert!(first.has_changed().is_ok());
        let second = subscriptions.take(of("c"), Now(15_000)).unwrap();
        assert!(first.has_changed().is_err() && second.has_changed().is_ok());
    }
}
