//! The producer: takes a schedule's event, reads the source it names, and puts its records on a stream.
//!
//! - At least once: a record read is acknowledged by the stream or kept in quarantine before the
//!   source's cursor moves past it. A run that breaks off repeats what was acknowledged behind the
//!   oldest record that was not.
//! - One reader at a time: an invocation takes a lease in the cursor before its first put.
//! - Before its deadline it stops, answers `"done":false`, and the next one goes on from there. Each comes further than
//!   the one before, or says what keeps it from it.

mod answer;
mod error;
mod event;
mod handler;
mod moments;
mod quarantine;
mod saver;
mod settings;
mod start;

pub use answer::Answer;
pub use error::ProducerError;
pub use event::{Event, EventError, OnChange};
pub use handler::Producer;
pub use moments::NoTime;
pub use settings::ProducerSettings;
