//! What Lambda passes to a stream function and takes back: Kinesis and Firehose events, borrowed from the
//! body.
//!
//! AWS's own samples disagree on types (a sub-sequence number is `0`, `"123456"` or `""`, and a time is a
//! number or ISO text), so events are read leniently. An event is unreadable only if it lacks something that
//! every answer needs. What is wrong with one record affects only that record.

mod arrival;
mod batch_answer;
mod cursor;
mod error;
mod firehose;
mod firehose_answer;
mod json_text;
mod kinesis;
mod metadata;
mod redrive;

pub use batch_answer::BatchAnswer;
pub use error::{DataError, EventError};
pub use firehose::{FirehoseEvent, FirehoseRecord, StreamPosition};
pub use firehose_answer::{ANSWER_LIMIT_BYTES, FirehoseAnswer};
pub use json_text::JsonText;
pub use kinesis::{KinesisEvent, KinesisRecord, TumblingWindow};
pub use metadata::{RecordMetadata, TableRoute};
pub use redrive::{ItemFailure, REDRIVE, Redrive, RedriveAnswer, ToScan};
