//! From a source to a stream, with the cursor that says how far it has come.

mod cursor;
mod feed;

pub use cursor::{Cursor, CursorError, CursorFile, Taken};
pub use feed::{FeedError, FeedLimits, FeedReport, Progress, Quarantine, Rejected, feed};
