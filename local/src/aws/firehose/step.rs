//! What a delivery stream's state machine is told, and what it asks for.

use std::sync::Arc;

use bytes::Bytes;
use edge::opensearch::OpenSearchError;

use super::destination::DestinationError;
use super::transform::Unanswered;
use super::writes::Object;
use crate::aws::clock::Moment;
use crate::aws::event::Event;
use crate::aws::lambda::Invocation;
use crate::aws::stream::source::{Page, PageLimit, Place, SourceShard};

/// What happened.
#[derive(Debug)]
pub(super) enum Input {
    Begin,
    /// The stream's shards, and the place that is stored for each.
    Shards(Vec<(SourceShard, Place)>),
    /// The stream has this version.
    Changed(u64),
    Read {
        shard: usize,
        page: Page,
    },
    /// The stream was deleted.
    Gone,
    Answered {
        shard: usize,
        invocation: u64,
        answer: Result<Bytes, Unanswered>,
    },
    Written {
        object: u64,
        /// How many bytes were stored.
        result: Result<u64, DestinationError>,
    },
    /// What came of a bulk request.
    Indexed {
        request: u64,
        answer: Result<Bytes, OpenSearchError>,
    },
    /// The place that was passed last is kept.
    Passed {
        shard: usize,
    },
    /// The time asked for has come.
    Woke,
    /// Nothing more is waited for, and everything is written as soon as possible.
    Drain,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Action {
    /// Start this at once. Its result comes back as an input.
    Do(Errand),
    /// Wake the state machine at this time, and no longer at the one it asked for before.
    WakeAt(Option<Moment>),
    Tell(Event),
    /// The stream is gone, and everything that it had is written.
    End,
}

/// Work that takes time.
#[derive(Debug)]
pub(super) enum Errand {
    ListShards,
    /// Ends once the stream has another version than this.
    Watch {
        seen: u64,
    },
    Read {
        shard: usize,
        id: Arc<str>,
        after: Option<Arc<str>>,
        limit: PageLimit,
    },
    Invoke {
        shard: usize,
        number: u64,
        invocation: Invocation,
    },
    Write {
        number: u64,
        object: Object,
    },
    /// Documents go to their index, by the lines of a bulk request.
    Index {
        number: u64,
        lines: Bytes,
    },
    Pass {
        shard: usize,
        id: Arc<str>,
        place: Place,
    },
}
