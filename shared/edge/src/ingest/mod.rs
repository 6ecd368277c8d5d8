//! From a source to a stream, with the cursor that says how far it has come.

mod composition;
mod cursor;
mod feed;

pub use composition::{Ingest, IngestError, IngestSettings};
pub use cursor::{Cursor, CursorError, CursorFile, Lease, Taken};
pub use feed::{Feed, FeedError, FeedLimits, FeedReport, Progress, Quarantine, Rejected, feed};
