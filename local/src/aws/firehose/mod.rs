//! Delivery streams, as Firehose runs them: buffer, transform, buffer again, write to S3 or index.
//!
//! [`delivery`] is a state machine without input or output, made of the parts beside it; [`shell`] runs it
//! through the ports.

mod answer;
mod apart;
mod buffer;
mod checkpoint;
mod delivery;
mod destination;
mod encoding;
mod event;
mod failure;
mod ids;
mod intake;
mod java_time;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod made_up;
mod naming;
mod prefix;
mod processing;
mod reading;
mod retry;
mod search;
mod settings;
mod shard;
mod shell;
mod step;
mod transform;
mod writes;

pub(crate) use destination::{Bucket, DestinationError};
pub(crate) use event::of_records;
pub(crate) use prefix::PrefixError;
pub(crate) use search::Index;
pub(crate) use shell::{Firehose, Ports};

use super::stream::source::StreamError;

/// Why a delivery stream can't continue.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The stream can't be read, or its place can't be stored.
    #[error("the stream can't be read")]
    Stream(#[from] StreamError),
    /// An object can't be written, however often it was tried.
    #[error("an object can't be written")]
    Destination(#[from] DestinationError),
    /// An event or an error line can't be written.
    #[error("an event can't be written")]
    Event(#[from] serde_json::Error),
}
