//! The producer takes a schedule's event, reads the source that it names, and puts its records on a stream.
//!
//! - Delivery is at least once: each record that was read is acknowledged by the stream or kept in quarantine
//!   before the source's cursor moves past it. If a run breaks off, the next one repeats the acknowledged
//!   records that come after the oldest unacknowledged one.
//! - There is one reader at a time: an invocation takes a lease in the cursor before its first put.
//! - Before its deadline an invocation stops and answers `"done":false`, and the next one continues from
//!   there. Each invocation gets further than the one before, or says what prevents it.

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
