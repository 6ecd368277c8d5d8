//! What can be wrong with an event as a whole, and with the data of one record.

/// Why an event can't be read. No answer to it could be right, so the invocation fails.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum EventError {
    /// At this byte the body stops being JSON, or being an event.
    #[error("event is malformed at byte {byte}: expected {expected}")]
    Malformed {
        /// Offset in the body, from 0.
        byte: usize,
        /// What was expected there.
        expected: &'static str,
    },
    /// The event is a JSON object, but lacks the records of this kind of event.
    #[error("event has no array named {name:?}: it does not come from a source of this function")]
    NoRecords {
        /// The array's name in the event.
        name: &'static str,
    },
    /// No answer can name this record.
    #[error("record {index} of the event has no {name}, so it can't be answered")]
    NoIdentity {
        /// The record's place in the event, from 0.
        index: usize,
        /// The field that is missing.
        name: &'static str,
    },
}

/// Why one record's data can't be read. Its neighbours are not affected.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum DataError {
    /// The record has no `data`, or `data` is not a string.
    #[error("record has no data")]
    Missing,
    /// The data is not standard base64 with padding.
    #[error("record data of {bytes} bytes is not base64")]
    NotBase64 {
        /// Length of the text that should be base64.
        bytes: usize,
    },
}

impl DataError {
    /// A short stable word for metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "no_data",
            Self::NotBase64 { .. } => "bad_base64",
        }
    }
}
