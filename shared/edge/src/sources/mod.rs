//! Sources: where records come from, one at a time, in bounded memory.

#[cfg(feature = "http")]
mod api_spec;
mod bytes;
#[cfg(feature = "http")]
mod counter;
mod csv;
mod file;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod http_api;
#[cfg(feature = "http")]
mod http_file;
#[cfg(feature = "http")]
mod http_headers;
mod json_lines;
#[cfg(feature = "http")]
mod json_path;
mod json_values;
#[cfg(feature = "http")]
mod made_up;
#[cfg(feature = "http")]
mod object;
#[cfg(feature = "http")]
mod spec;
#[cfg(feature = "http")]
mod tweets;
mod unicode;
mod unpack;

use crate::BoxError;
use crate::store::StoreError;
use record_model::{RecordError, SchemaError};

#[cfg(feature = "http")]
pub use api_spec::{ApiSpec, SecretSpec};
pub use bytes::{ByteSource, ReadBytes};
#[cfg(feature = "http")]
pub use counter::{CounterSource, CounterSpec};
pub use csv::CsvSource;
pub use file::{FileForm, FileSource, Format, MaybePacked};
#[cfg(feature = "http")]
pub use http::{HttpBytes, HttpClient};
#[cfg(feature = "http")]
pub use http_api::{HttpApi, HttpApiSource, NextPage, Since};
#[cfg(feature = "http")]
pub use http_file::HttpFileSpec;
pub use json_lines::JsonLinesSource;
#[cfg(feature = "http")]
pub use made_up::{MadeUpSource, MadeUpSpec};
#[cfg(feature = "http")]
pub use object::{ObjectBytes, ObjectSpec, RANGE_BYTES};
#[cfg(feature = "http")]
pub use spec::{Access, AnySource, Found, OpenError, SourceSpec, Start, Version};
#[cfg(feature = "http")]
pub use tweets::TweetsSpec;
pub use unpack::{MaybeGzip, MaybeZstd};

/// The longest record of a source, in bytes: as much as a Kinesis record can hold.
pub const MAX_SOURCE_RECORD_BYTES: usize = 10 << 20;

/// A source of records in their order. Reading it again gives the same records at the same positions, as long
/// as the data behind it has not changed.
pub trait Source: Send {
    /// Reads the next record into `payload`, which is cleared first. If a call is dropped half-way, the
    /// source is not read again, but [`resume_at`](Self::resume_at) still knows every position that was
    /// returned.
    fn next(&mut self, payload: &mut Vec<u8>) -> impl Future<Output = Result<Next, SourceError>> + Send;

    /// Returns where to start so that everything from `position` on is read again.
    fn resume_at(&self, position: u64) -> Resume {
        Resume { position, page: None }
    }
}

/// What a call of [`Source::next`] found.
#[derive(Debug)]
pub enum Next {
    /// A record, in the stream's form.
    Record {
        /// Where it starts. It grows from record to record.
        position: u64,
        /// Where to continue after it.
        next: u64,
    },
    /// Something that is not a record of the data set. `payload` holds it as it was found.
    Bad {
        /// Where it starts.
        position: u64,
        /// Where to continue after it.
        next: u64,
        /// What is wrong with it.
        error: RecordError,
    },
    /// There is more, but the source asks to wait.
    Wait {
        /// Where a later record would start.
        position: u64,
    },
    /// There is nothing more for now.
    End {
        /// Where a later record would start.
        position: u64,
    },
}

/// Where something is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// From 1; unknown if reading began in the middle of the file.
    pub line: Option<u64>,
    /// From 0, in the text after decompression and conversion to UTF-8.
    pub byte: u64,
}

impl Place {
    /// Adds this place to the error of a record that begins here.
    pub(crate) fn of(self, error: RecordError) -> RecordError {
        error.at_place(self.line, self.byte)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(out, "line {line}, byte {}", self.byte),
            None => write!(out, "byte {}", self.byte),
        }
    }
}

/// A place to start from.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Resume {
    /// The position of the first record that is wanted.
    pub position: u64,
    /// The page that contains it, for sources with pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// Why a source gave no record.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The object does not exist.
    #[error("there is no object {key:?} in bucket {bucket:?}")]
    Missing {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
    },
    /// It was changed while it was read.
    #[error("the source changed while it was read")]
    Changed,
    /// The store behind it failed.
    #[error("could not read the source")]
    Store(#[from] StoreError),
    /// The file or connection behind it failed.
    #[error("could not read the source")]
    Read(#[source] BoxError),
    /// Its bytes begin as gzip but are broken.
    #[error("gzip data of the source is broken after {at} decompressed bytes")]
    Gzip {
        /// How many bytes were decompressed before.
        at: u64,
        /// What is wrong.
        source: std::io::Error,
    },
    /// Its bytes begin as zstd but are broken.
    #[error("zstd data of the source is broken after {at} decompressed bytes")]
    Zstd {
        /// How many bytes were decompressed before.
        at: u64,
        /// What is wrong.
        source: std::io::Error,
    },
    /// A record does not end within the limit.
    #[error("record at byte {at} is over {MAX_SOURCE_RECORD_BYTES} bytes: is a quote left open?")]
    TooLong {
        /// Where it starts.
        at: u64,
    },
    /// Something may have swallowed what follows it, so nothing after it is read.
    #[error("{what} at {place} is damaged and its end is unknown, so nothing after it is read")]
    Damaged {
        /// Where it begins.
        place: Place,
        /// What it is.
        what: &'static str,
    },
    /// The columns of a CSV file are not those of the schema.
    #[error("{file}: csv header does not fit the schema")]
    Header {
        /// The file's name.
        file: String,
        /// Which columns, and which were expected.
        source: SchemaError,
    },
    /// A source may not be read from this URL.
    #[error("url {url:?} can't be read from, expected https, or http on this machine")]
    Url {
        /// The URL without its query.
        url: String,
    },
    /// The server asks for a longer wait than a run lasts.
    #[error("server asks to wait {seconds} s")]
    AskedToWait {
        /// How long.
        seconds: u64,
    },
    /// The server answered with an error status.
    #[error("server answered with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is longer than any page should be.
    #[error("answer is over {limit} bytes")]
    AnswerTooLong {
        /// Most bytes.
        limit: usize,
    },
    /// The answer is not as the source's description says.
    #[error("answer has no {expected}")]
    Answer {
        /// What it lacks.
        expected: String,
    },
    /// The configured token can't be a header's value.
    #[error(
        "the configured bearer token can't be sent: it is empty, or has a line end or another control character in it"
    )]
    Bearer,
    /// There is nothing at all, not even a CSV header.
    #[error("source is empty, expected a csv header")]
    Empty,
}

impl SourceError {
    /// Whether reading again may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Read(_) => true,
            _ => false,
        }
    }
}
