//! The producer: takes a schedule's event, reads the source it names, and puts its records on a stream.
//!
//! - At least once: a record read is acknowledged by the stream or kept in quarantine before the
//!   source's cursor moves past it. A run that breaks off repeats what was acknowledged behind the
//!   oldest record that was not.
//! - One reader at a time: an invocation takes a lease in the cursor before its first put.
//! - Before its deadline it stops, answers `"done":false`, and the next one goes on from there.

mod event;
mod handler;
mod opened;
mod quarantine;
mod settings;

pub use event::{Event, EventError, Format, OnChange, Secret, SourceEvent};
pub use handler::{Answer, Producer, ProducerError};
pub use settings::ProducerSettings;
