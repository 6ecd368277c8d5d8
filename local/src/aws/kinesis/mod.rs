//! Kinesis Data Streams on one machine, for any SDK or the AWS CLI.
//!
//! | folder | what |
//! |---|---|
//! | `store` | streams on disk, their shards and records, and the places of those who take them |
//! | `api` | the service's API over HTTP, in JSON and in CBOR |

mod api;
mod endpoint;
pub(crate) mod store;

pub use endpoint::{KinesisEndpoint, KinesisOptions};
pub use store::StreamStore;
