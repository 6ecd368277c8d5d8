//! What can be wrong with an event as a whole, and with one record's data.

/// The event can't be read: no answer to it could be right, so the invocation fails.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum EventError {
    /// The body stops being JSON, or being an event, at this byte.
    #[error("event is malformed at byte {byte}: expected {expected}")]
    Malformed {
        /// Offset in the body, from 0.
        byte: usize,
        /// What should have stood there.
        expected: &'static str,
    },
    /// A JSON object, but without the records of this kind of event.
    #[error("event has no array named {name:?}: it is not of this function's source")]
    NoRecords {
        /// The array's name in the event.
        name: &'static str,
    },
    /// A record that no answer can name.
    #[error("record {index} of the event has no {name}, so it can't be answered")]
    NoIdentity {
        /// The record's place in the event, from 0.
        index: usize,
        /// The field that is missing.
        name: &'static str,
    },
}

/// One record's data can't be read; its neighbours are not concerned.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum DataError {
    /// The record has no `data`, or not as a string.
    #[error("record has no data")]
    Missing,
    /// The data is no standard base64 with padding.
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
