//! The consumer: records of a Kinesis stream, enriched, into S3, each one once.

mod chunks;
mod consumer;
mod delivery;
mod enricher;
mod json;
mod lines;
mod numbers;
mod output;
mod piece_place;
mod poison;
mod position;
mod report;
mod settings;
mod settle;
mod window;
mod workers;

pub use consumer::Consumer;
pub use enricher::{Enricher, LocalEnricher};
pub use position::Position;
pub use settings::{Compression, ConsumerSettings, DeliveryLevel};
