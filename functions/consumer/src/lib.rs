//! The consumer: records of a Kinesis stream, enriched, into S3, each one once.
//!
//! docs/consumer.md says what it promises: the two levels of delivery, the output line, and enrichment. The rooms follow
//! a record's way:
//! - `handler`: one event in, one answer out, with settings and metrics.
//! - `read`: from Kinesis records to output lines.
//! - `enrich`: the port that scores a text, and the backends behind it.
//! - `settle`: what has to be in S3 before the lines are, which is pieces of messages and copies of poison records.
//! - `window`: aggregates over a tumbling window.
//! - `delivery`: the output object, and the two levels at which it is written.
//! - `deadline`: when an invocation stops beginning things, so that it answers in time.

mod deadline;
mod delivery;
mod enrich;
mod handler;
mod read;
mod settle;
mod window;

pub use delivery::Compression;
#[cfg(feature = "comprehend")]
pub use enrich::ComprehendEnricher;
#[cfg(feature = "contract-tests")]
pub use enrich::contract;
pub use enrich::{
    Enriched, Enricher, EnricherError, KeywordMembers, LocalEnricher, NotReady, Prepared, Sentiment, Text,
    TextMembers,
};
pub use handler::{Backend, Consumer, ConsumerSettings, DeliveryLevel, serve};

/// Compiles the example of docs/consumer.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/consumer.md")]
struct Documentation;
