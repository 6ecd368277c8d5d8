//! The mapping that reads by the stream's endpoint, until its shell around [`Lane`](super::Lane) takes its place.

mod answer;
mod batch;
mod deliver;
mod destination;
mod event;
mod lane;
mod mapping;
mod retry;
mod window;

pub(crate) use destination::Destination;
pub(crate) use mapping::{Mapping, MappingError};
