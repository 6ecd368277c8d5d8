//! The consumer takes the records of a Kinesis stream, enriches them, and writes each of them once to S3.
//!
//! docs/consumer.md says what it promises: the two levels of delivery, the output line, and enrichment. The
//! modules follow a record's way:
//! - `handler`: one event in, one answer out, with settings and metrics.
//! - `read`: from Kinesis records to output lines.
//! - `enrich`: the port that scores a text, and its backends.
//! - `settle`: what must be in S3 before the lines are: pieces of messages, and copies of poison records.
//! - `window`: aggregates over a tumbling window.
//! - `delivery`: the output object, and the two levels at which it is written.
//! - `deadline`: when an invocation stops starting work, so that it answers in time.

mod deadline;
mod delivery;
mod enrich;
mod handler;
mod read;
mod settle;
mod window;

pub use delivery::Compression;
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
