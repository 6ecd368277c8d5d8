//! Why a record is answered as `ProcessingFailed`.

use edge::lambda::events::DataError;
use record_model::{DecodeError, RecordError};

/// What is wrong with one record. It never shows text of the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordFailure {
    /// Its base64 can't be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Its compression or aggregate can't be opened.
    #[error(transparent)]
    Opening(#[from] DecodeError),
    /// Its schema refuses it.
    #[error(transparent)]
    Typing(#[from] RecordError),
    /// The record is a piece of a larger message, which only the consumer puts together.
    #[error("record is a piece of a larger message")]
    Chunk,
    /// The record is not of a CloudWatch Logs subscription, although the data set's records are.
    #[error("record is not of a CloudWatch Logs subscription")]
    NoSubscription,
    /// The record holds several documents, but the destination takes one for each record.
    #[error("record holds {documents} documents, the destination takes 1")]
    SeveralDocuments {
        /// How many documents were found.
        documents: usize,
    },
    /// The answer has no room for the record.
    #[error("answer has no room left for a document of {bytes} bytes")]
    NoRoom {
        /// Length of the document that was left out.
        bytes: usize,
    },
}

impl RecordFailure {
    /// Returns a short stable word for metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Data(error) => error.kind(),
            Self::Opening(error) => error.kind(),
            Self::Typing(error) => error.kind(),
            Self::Chunk => "chunk",
            Self::NoSubscription => "no_subscription",
            Self::SeveralDocuments { .. } => "several_documents",
            Self::NoRoom { .. } => "no_room",
        }
    }

    /// Returns the schema's field that is at fault, if one is.
    pub fn field(&self) -> Option<&str> {
        if let Self::Typing(error) = self { error.field() } else { None }
    }
}
