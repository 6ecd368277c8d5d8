//! Reading whole streams: every shard once, parents before children, until told to stop.

mod flow;
mod lineage;
mod reader;
mod shards;
pub(crate) mod source;
mod through;

pub(crate) use flow::{Flow, Phase, ReaderMark};
pub(crate) use reader::{ShardReader, Step};
pub(crate) use shards::each_shard;
pub use source::StreamError;
pub(crate) use source::{Page, PageLimit, Place, SourceRecord, SourceShard, StreamSource};
pub(crate) use through::read_through;
