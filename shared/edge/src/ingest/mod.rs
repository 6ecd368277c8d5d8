//! From a source to a stream, with the cursor that says how far it has come.

mod composition;
mod cursor;
mod feed;
mod quarantine;
mod report;

pub use composition::{Ingest, IngestError, IngestSettings, ReadyStream};
pub use cursor::{Cursor, CursorError, CursorFile, Lease, Taken};
pub use feed::{Checkpointer, Feed, FeedLimits, feed};
pub use quarantine::{Quarantine, Rejected};
pub use report::{FeedError, FeedReport};
