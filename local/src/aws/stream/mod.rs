//! How the takers of a stream read it, and what they must do.

mod patient;
mod phase;
pub(crate) mod source;

pub(crate) use patient::Patient;
pub(crate) use phase::Phase;
pub use source::StreamError;
pub(crate) use source::{Page, PageLimit, Place, SourceRecord, SourceShard, StreamSource};
