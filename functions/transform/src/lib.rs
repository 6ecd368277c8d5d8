//! The transform: Firehose records in, typed JSON out, each record answered exactly once and in order.
//!
//! A record goes through named stages: decode base64, open (gzip, zstd, KPL), type by the schema, route (partition
//! keys, Iceberg table), and encode into the answer, as long as the answer has room.

mod batch;
mod budget;
mod destination;
mod failure;
mod handler;
mod report;
mod settings;
mod typing;

pub use batch::{Answered, Batch};
pub use destination::Destination;
pub use failure::RecordFailure;
pub use handler::Transform;
pub use report::{Failed, Report};
pub use settings::TransformSettings;
