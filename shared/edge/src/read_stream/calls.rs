//! What is passed between the plan and the service.

use std::sync::Arc;

use crate::aws::kinesis_reader::{Page, Shard};

/// Where an iterator starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Oldest,
    Latest,
    Time(i64),
    At(String),
    After(String),
}

/// A call of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    List,
    Iterator { shard: Arc<str>, place: Place },
    Read { shard: Arc<str>, iterator: String },
}

/// What the service answered.
#[derive(Debug)]
pub(super) enum Answer {
    Shards(Vec<Shard>),
    Iterator(String),
    Page(Page),
}

/// Why the service did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    Throttled,
    /// The iterator was not used for five minutes.
    Expired,
    /// There is no such stream or shard.
    Gone,
    /// The same call may go through later.
    Again,
    Fatal,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Ask(Call),
    /// Nothing before this time, in Unix milliseconds, unless an answer comes.
    Until(i64),
    /// Nothing before an answer comes.
    Answers,
    Done,
}

/// What happens to a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is made again later, or another in its place; and whether this is the first of several failures in
    /// a row.
    Again {
        is_first: bool,
    },
    GiveUp,
}
