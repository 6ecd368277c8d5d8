//! The event source mapping from a Kinesis stream to a function: order, batches, retries, windows.

mod answer;
mod batch;
mod deliver;
mod destination;
mod event;
mod lane;
mod mapping;
mod on_failure;
mod retry;
mod window;

pub(crate) use destination::Destination;
pub(crate) use mapping::{Mapping, MappingError};
