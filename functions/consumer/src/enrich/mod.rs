//! What a text says: the port that enriches it, and the backends behind the port.

#[cfg(feature = "comprehend")]
mod comprehend;
pub(crate) mod json;
mod local;
mod port;

#[cfg(feature = "comprehend")]
pub use comprehend::ComprehendEnricher;
pub use local::LocalEnricher;
pub(crate) use port::NOT_ENRICHED;
pub use port::{Enricher, EnricherError, NotReady, Prepared, Text};
