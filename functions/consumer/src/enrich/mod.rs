//! Finds out what a text says: the port that enriches it, and the backends of the port.

mod comprehend;
#[cfg(feature = "contract-tests")]
pub mod contract;
pub(crate) mod json;
mod local;
mod members;
mod port;

pub use comprehend::ComprehendEnricher;
pub use local::LocalEnricher;
pub use members::{Enriched, KeywordMembers, Sentiment, TextMembers};
pub use port::{Enricher, EnricherError, NotReady, Prepared, Text};
