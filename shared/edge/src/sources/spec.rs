//! The sources that an event can name, and how each of them is found and opened.
//!
//! A new source needs one file, which describes how it is named, found and read, and one line in the list
//! below.

use record_model::Schema;
use serde::Deserialize;

use super::{
    ApiSpec, CounterSource, CounterSpec, FileForm, FileSource, Format, HttpApiSource, HttpBytes, HttpClient,
    HttpFileSpec, MadeUpSource, MadeUpSpec, Next, ObjectBytes, ObjectSpec, Resume, Source, SourceError,
    TweetsSpec,
};
use crate::aws::{SecretError, Secrets, TrustedRoots};
use crate::store::{ObjectStore, StoreError};

/// Names each source once. The word for an event's `type` follows from the variant. Beside the variant are
/// what the event says about the source and what reads its records.
macro_rules! sources {
    ($($(#[$doc:meta])* $kind:ident($spec:ty) => $reader:ty,)+) => {
        /// Where records come from, in the words of an event.
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(tag = "type", rename_all = "kebab-case")]
        pub enum SourceSpec {
            $($(#[$doc])* $kind($spec),)+
        }

        /// Any source of an event, open for reading.
        pub enum AnySource<S> {
            $($(#[$doc])* $kind(Box<$reader>),)+
        }

        impl SourceSpec {
            /// Returns the name under which a cursor is kept. Two sources with the same name share a cursor.
            pub fn name(&self) -> String {
                match self { $(Self::$kind(spec) => spec.name(),)+ }
            }

            /// Looks the source up without reading a record from it.
            pub async fn find<S, O>(&self, access: &Access<'_, O>) -> Result<Found<AnySource<S>>, OpenError>
            where
                S: ObjectStore + 'static,
                O: Fn(&str) -> Result<S, StoreError>,
            {
                match self {
                    $(Self::$kind(spec) => {
                        Ok(spec.find(access).await?.map(|reader| AnySource::$kind(Box::new(reader))))
                    })+
                }
            }
        }

        impl<S: ObjectStore + 'static> Source for AnySource<S> {
            async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
                match self { $(Self::$kind(source) => source.next(payload).await,)+ }
            }

            fn resume_at(&self, position: u64) -> Resume {
                match self { $(Self::$kind(source) => source.resume_at(position),)+ }
            }
        }
    };
}

sources! {
    /// An object in a bucket.
    S3(ObjectSpec) => FileSource<ObjectBytes<S>>,
    /// A file on a web server.
    Http(HttpFileSpec) => FileSource<HttpBytes>,
    /// A JSON API that answers in pages.
    HttpApi(ApiSpec) => HttpApiSource,
    /// Posts that match a query, from the recent search of the X API v2.
    Tweets(TweetsSpec) => HttpApiSource,
    /// A fixed number of made-up records in each run, and never the same ones twice.
    MadeUp(MadeUpSpec) => MadeUpSource,
    /// A fixed number of consecutive numbers in each run.
    Counter(CounterSpec) => CounterSource,
}

/// What is needed to find and open a source.
pub struct Access<'a, O> {
    /// The schema of the records.
    pub schema: &'a Schema,
    /// The present time, in milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Opens a bucket by its name.
    pub open_bucket: &'a O,
    /// Where secrets are read from.
    pub secrets: &'a Secrets,
    /// The certificates that are trusted.
    pub trusted_roots: &'a TrustedRoots,
}

impl<O> Access<'_, O> {
    /// How a file's records are read.
    pub(super) fn file_form(&self, format: Format, name: String) -> FileForm {
        FileForm { format, schema: self.schema.clone(), name, ingested_at_ms: self.now_ms }
    }

    /// A client for web servers.
    pub(super) fn http_client(&self) -> Result<HttpClient, SourceError> {
        HttpClient::new(self.trusted_roots)
    }
}

/// A source that was found but not read yet. The caller decides where reading starts.
pub struct Found<R> {
    /// The version of what was found. A position has no meaning in another version.
    pub version: Version,
    /// How many records one run reads, for sources without an end of their own.
    pub records_per_run: Option<u64>,
    #[expect(clippy::type_complexity, reason = "it is written out once, here")]
    pub(super) open: Box<dyn FnOnce(&Start) -> Result<R, SourceError> + Send>,
}

/// Where reading starts and ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// The first record that is wanted.
    pub resume: Resume,
    /// The position that ends the run, for sources without an end of their own.
    pub until: u64,
    /// Whether the run ends if the server refuses the mark of the last run; otherwise the mark is given up.
    pub keeps_mark: bool,
}

/// What is known about the version of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// The source has no versions: a position means the same in each run.
    None,
    /// Two sources of the same version are the same, byte for byte.
    Proven(String),
    /// Nothing proves that the source is the same as before.
    Unproven,
}

impl<R: 'static> Found<R> {
    /// Makes a source without versions that ends by itself.
    pub(super) fn new(open: impl FnOnce(&Start) -> Result<R, SourceError> + Send + 'static) -> Self {
        Self { version: Version::None, records_per_run: None, open: Box::new(open) }
    }

    /// Opens the source at `start`.
    pub fn open(self, start: &Start) -> Result<R, SourceError> {
        (self.open)(start)
    }

    fn map<T>(self, wrap: impl FnOnce(R) -> T + Send + 'static) -> Found<T> {
        let Self { version, records_per_run, open } = self;
        Found { version, records_per_run, open: Box::new(move |start| open(start).map(wrap)) }
    }
}

/// Why a source could not be found.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its bucket can't be used.
    #[error(transparent)]
    Bucket(#[from] StoreError),
    /// A secret that it needs could not be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The source itself could not be reached.
    #[error(transparent)]
    Source(#[from] SourceError),
}
