//! The event source mapping from a Kinesis stream to a function: order, batches, retries and windows.
//!
//! [`Lane`] decides what happens to records, without I/O. A shell surrounds it: a [`Mapping`] runs the shards
//! of a stream, and each shard runs its lanes.

mod action;
mod answer;
mod batch;
mod checkpoint;
mod destination;
mod document;
mod event;
mod input;
mod lane;
mod lane_at_work;
mod mapping;
mod on_failure;
mod request;
mod retry;
mod settings;
mod shard;
#[cfg(test)]
mod tests;
mod window;

pub use action::{Action, Call, GivenUp, Response};
pub(crate) use destination::{Destination, Target};
pub(crate) use event::of_records;
pub use input::{Answer, Input, Outcome};
pub use lane::{Lane, LaneRecord};
pub(crate) use mapping::{Mapping, MappingError, Ports};
pub use settings::LaneSettings;
pub use window::{Ending, MAX_STATE_BYTES, Window, WindowCall};
