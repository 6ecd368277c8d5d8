//! Streams on disk: each record is written before it is acknowledged, and kept for the stream's retention.
//!
//! ```text
//! <folder>/<stream>/stream.json                              settings and shards
//! <folder>/<stream>/<shard>/<counter>.log                    records, in segments of 8 MiB or an hour
//! <folder>/<stream>/takers/<taker>/starts.json, <shard>.json where a taker began and where it is
//! ```
//!
//! | what | how |
//! |---|---|
//! | a record is acknowledged | once write(2) has taken it: it survives the end of the process, however it ends. A power cut may take what the system had yet to write to the disk |
//! | a process is killed in a write | the torn tail, never acknowledged, is cut when the stream is opened, said, and kept beside the segment |
//! | a file is damaged | whole records behind the damage tell how many are lost; they are told, the rest is kept beside the segment, and their numbers are not given again |
//! | memory | a few numbers for each segment and 64 KiB of records. Reads and writes open a file for their own time only |
//! | retention | whole segments of which no record is as young; so a record is kept for the retention and up to an hour more |
//! | takers | a taker's place in each shard stands where it began, or at the start of a shard made later, until it passes records |
//! | the file system refuses | [`StreamError::Storage`], which names the folder; nothing of that call counts, and the next goes on |
//!
//! Locks are taken in this order: all streams, a stream's state, a shard's records, its takers, a taker's places.

mod age;
mod catalogue;
mod description;
mod document;
mod frame;
mod ledger;
mod lock;
mod log;
mod number;
mod places;
mod put;
mod read;
mod reshard;
mod segment;
mod stream;
mod taker;

#[cfg(test)]
mod damage;
#[cfg(test)]
mod model;
#[cfg(test)]
mod rules;

pub use catalogue::StreamStore;
pub(crate) use catalogue::{ChangeError, NewStream};
pub(crate) use description::{Consumer, Description, Settings, Shard, shard_id, shard_index};
pub(crate) use frame::Record;
pub(crate) use ledger::ShardCount;
pub(crate) use log::Limit;
pub(crate) use number::{Origin, Place as NumberPlace, SequenceNumber};
pub(crate) use put::{Entry, Written};
pub(crate) use read::{Records, Start};
pub(crate) use reshard::ReshardError;
pub(crate) use stream::Stream;
pub(crate) use taker::{Taker, blocking, counter_in};

/// The present time, in milliseconds since 1970, as the caller was told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Now(pub(crate) u64);

impl Now {
    /// The machine's time.
    pub(crate) fn system() -> Self {
        Self(u64::try_from(crate::aws::clock::now_ms()).unwrap_or(0))
    }
}
