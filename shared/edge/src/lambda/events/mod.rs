//! What Lambda hands to a stream function and takes back: Kinesis and Firehose events, borrowed from the body.
//!
//! AWS's own samples disagree on types (a sub-sequence number is `0`, `"123456"` or `""`, a time is a number or
//! ISO text), so an event is read leniently: only what no answer can do without makes an event unreadable, and
//! what is wrong with one record stays with that record.

mod arrival;
mod batch_answer;
mod cursor;
mod error;
mod firehose;
mod firehose_answer;
mod json_text;
mod kinesis;
mod metadata;

pub use batch_answer::BatchAnswer;
pub use error::{DataError, EventError};
pub use firehose::{FirehoseEvent, FirehoseRecord, StreamPosition};
pub use firehose_answer::{ANSWER_LIMIT_BYTES, FirehoseAnswer};
pub use json_text::JsonText;
pub use kinesis::{KinesisEvent, KinesisRecord, TumblingWindow};
pub use metadata::{RecordMetadata, TableRoute};
