//! Puts records on a stream in batches, with several requests at once, and loses none to a refusal.

mod engine;
mod entry;
mod in_memory;
mod key;
mod packer;
mod positions;
mod queue;
mod report;
#[cfg(feature = "kinesis")]
mod request_body;
mod shards;
mod sink;

pub use engine::{Engine, EngineSettings, EngineStopped};
pub use entry::{Entry, EntryError, MAX_ENTRIES, MAX_PARTITION_KEY_CHARS, MAX_REQUEST_BYTES};
pub use in_memory::{InMemorySink, SinkFault};
pub use key::{KeyError, KeyRule, KeyRuleError};
pub use packer::{Compression, PackError, Packer, Packing, PackingError};
pub(crate) use positions::OpenPositions;
pub use queue::ShardRate;
pub use report::{PutReport, StopReason, Unsent, UnsentReason};
#[cfg(feature = "kinesis")]
pub(crate) use request_body::request_body;
pub use shards::{OpenShard, ShardMap};
pub use sink::{
    EntryOutcome, RecordSink, Refusal, SinkError, StreamIdentity, StreamSummary, wait_until_active,
};
