//! What every operation uses: the store, and the state of the endpoint itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use template::ACCOUNT;

use super::account::Account;
use super::error::{ApiError, IN_USE};
use super::subscription::Subscriptions;
use super::throttle::Throttle;
use crate::aws::kinesis::store::{Now, Stream, StreamStore, blocking};

/// How long a stream stays CREATING, UPDATING or DELETING, so that a client that waits for ACTIVE sees it.
const TRANSITION: Duration = Duration::from_millis(10);

/// The endpoint's state. It ends with the process, whereas the store's state remains.
pub(super) struct Kinesis {
    pub(super) store: Arc<StreamStore>,
    pub(super) throttle: Option<Throttle>,
    pub(super) subscriptions: Subscriptions,
    pub(super) account: Account,
    transitions: Mutex<BTreeMap<String, (Status, Instant)>>,
}

/// `StreamStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Creating,
    Active,
    Updating,
    Deleting,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Updating => "UPDATING",
            Self::Deleting => "DELETING",
        }
    }
}

impl Kinesis {
    pub(super) fn new(store: Arc<StreamStore>, throttles: bool) -> Self {
        Self {
            store,
            throttle: throttles.then(Throttle::default),
            subscriptions: Subscriptions::default(),
            account: Account::default(),
            transitions: Mutex::default(),
        }
    }

    pub(super) fn status(&self, stream: &str) -> Status {
        let mut transitions = self.transitions.lock().unwrap_or_else(PoisonError::into_inner);
        match transitions.get(stream) {
            Some((status, until)) if *status == Status::Deleting || Instant::now() < *until => *status,
            Some(_) => {
                transitions.remove(stream);
                Status::Active
            }
            None => Status::Active,
        }
    }

    /// Lets clients see this status for a moment.
    pub(super) fn enter(&self, stream: &str, status: Status) {
        let mut transitions = self.transitions.lock().unwrap_or_else(PoisonError::into_inner);
        transitions.insert(stream.to_owned(), (status, Instant::now() + TRANSITION));
    }

    /// The stream in any status.
    pub(super) fn stream(&self, name: &str) -> Result<Arc<Stream>, ApiError> {
        Ok(self.store.stream(name)?)
    }

    /// The stream, if records can be put and read.
    pub(super) fn usable(&self, name: &str) -> Result<Arc<Stream>, ApiError> {
        match self.status(name) {
            Status::Active | Status::Updating => self.stream(name),
            Status::Creating | Status::Deleting => Err(ApiError::no_stream(name)),
        }
    }

    /// The stream, if it can be changed.
    pub(super) fn changeable(&self, name: &str) -> Result<Arc<Stream>, ApiError> {
        let stream = self.stream(name)?;
        match self.status(name) {
            Status::Active => Ok(stream),
            other => Err(ApiError::new(
                IN_USE,
                format!(
                    "Stream {name} under account {ACCOUNT} not ACTIVE, instead in state {}",
                    other.as_str()
                ),
            )),
        }
    }

    /// Deletes a stream once clients could see that it is being deleted.
    pub(super) fn delete_soon(self: &Arc<Self>, stream: &str) {
        self.enter(stream, Status::Deleting);
        let (kinesis, stream) = (Arc::clone(self), stream.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(TRANSITION).await;
            blocking(move || {
                if let Err(error) = kinesis.store.delete(&stream) {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a stream is not deleted");
                }
                let mut transitions = kinesis.transitions.lock().unwrap_or_else(PoisonError::into_inner);
                transitions.remove(&stream);
            })
            .await;
        });
    }
}

/// The present time.
pub(super) fn now() -> Now {
    Now::system()
}
