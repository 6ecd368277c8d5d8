//! How the takers of a stream read it, and what they are to do.

mod phase;
pub(crate) mod source;

pub(crate) use phase::Phase;
pub use source::StreamError;
pub(crate) use source::{Page, PageLimit, Place, SourceRecord, SourceShard, StreamSource};
