//! The transform: Firehose records in, typed JSON out, with each record answered exactly once and in order.
//!
//! A record goes through these stages: decode base64, unwrap (gzip, zstd, KPL), type by the schema, route
//! (partition keys, Iceberg table), and encode into the answer, as long as the answer has room.

mod batch;
mod budget;
mod destination;
mod envelope;
mod failure;
mod failures;
mod handler;
mod reingest;
mod report;
mod routing;
mod settings;
mod subscription;
mod typing;

pub use batch::{Answered, Batch};
pub use destination::Destination;
pub use envelope::Envelope;
pub use failure::RecordFailure;
pub use failures::Failures;
pub use handler::Transform;
pub use reingest::Reingest;
pub use report::{Failed, Report};
pub use routing::RoutingError;
pub use settings::TransformSettings;
