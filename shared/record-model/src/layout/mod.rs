//! Where everything is in the bucket: each key and each record id is written here and read here.
//!
//! | key | what | type |
//! |---|---|---|
//! | `enriched/<data set>/<hour>/<record>[-e<epoch>].ndjson.<gz or zst>` | the lines of a batch that starts with this record | [`EnrichedKey`] |
//! | `quarantine/<data set>/<hour>/<record>[-<sub>].json` | a record of a stream that was put aside | [`QuarantineKey`] |
//! | `quarantine/<data set>/source=<hash>/<position>-<hash>.json` | a record of a source that was put aside | [`QuarantineKey`] |
//! | `failed/<data set>/reasons/<hour>/<invocation>.ndjson` | why records could not be transformed | [`ReasonsKey`] |
//! | `windows/<data set>/<start>-<end>-<record>.json` | the summary of a tumbling window | [`WindowKey`] |
//! | `inputs/<data set>/<name>` | a file for the producer to read | [`InputKey`] |
//! | `state/cursor/<data set>/<hash>.json` | how far a source has been read | [`CursorKey`] |
//! | `state/chunks/<stream>/<message>/<entry>` | a message that arrives in pieces | [`ChunkKey`] |
//! | `state/ledger/<stream>/<shard>/<epoch>` | what is decided of a shard | [`LedgerKey`] |
//! | `state/ledger/<stream>/<shard>/<epoch>-redriven` | redrives of a shard, whose objects end with `-e<epoch>-redriven-<number>` | [`LedgerKey`] |
//! | `state/redriven/<key>/<run>-<number>.json` | what a redrive fed again of an object, or of a folder of objects | [`RedrivenKey`] |
//!
//! `<hour>` is an [`Hour`], `<record>` a [`RecordName`]. Every type has `key`, which writes its key, and `parse`, which
//! reads it. `parse` gives `None` for a key that `key` does not write, so the two can't drift apart.

mod chunks;
mod cursor;
mod enriched;
mod hour;
mod input;
mod ledger;
mod position;
mod quarantine;
mod reasons;
mod record_name;
mod redriven;
mod window;

pub use chunks::{ChunkEntry, ChunkKey, MessageFolder};
pub use cursor::CursorKey;
pub use enriched::{EnrichedKey, Extension};
pub use hour::Hour;
pub use input::InputKey;
pub use ledger::LedgerKey;
pub use position::{Position, RecordId};
pub use quarantine::QuarantineKey;
pub use reasons::ReasonsKey;
pub use record_name::RecordName;
pub use redriven::RedrivenKey;
pub use window::WindowKey;

/// Splits `<root>/<data set or stream>/<rest>`.
fn under<'a>(key: &'a str, root: &str) -> Option<(&'a str, &'a str)> {
    key.strip_prefix(root)?.strip_prefix('/')?.split_once('/')
}

/// Splits `dt=…/hour=…/<name>`.
fn hour_and_name(rest: &str) -> Option<(Hour, &str)> {
    let (hour, name) = rest.rsplit_once('/')?;
    Some((Hour::parse(hour)?, name))
}
