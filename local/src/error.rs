//! Why a run can't start, or can't continue.

use std::path::PathBuf;

use edge::aws::kinesis_reader::ReaderError;

use crate::aws::event_source::MappingError;
use crate::aws::firehose::{DeliveryError, PrefixError};
use crate::aws::lambda::FunctionError;
use crate::aws::loopback::EndpointError;
use crate::aws::scheduler::ScheduleError;
use crate::aws::stream::source::StreamError;
use crate::pipeline::bucket::StorageError;
use crate::pipeline::folder::FolderError;
use template::TemplateError;

/// Why a run can't start, or can't continue. Each error is one line with its causes.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The template can't be run.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A delivery stream's prefix can't be evaluated.
    #[error("delivery stream {delivery}")]
    Prefix {
        /// Its name.
        delivery: String,
        /// Why.
        source: PrefixError,
    },
    /// A schedule can't be run.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// A function can't be run.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// The folder to which the run writes can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// An input file can't be read.
    #[error("input file {} can't be read", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What the file system says.
        source: std::io::Error,
    },
    /// No schedule of the template feeds the data set of an input.
    #[error("no schedule of the template produces data set {data_set:?}, the template has {known:?}")]
    NoProducer {
        /// The input's data set.
        data_set: String,
        /// The data sets that have a schedule.
        known: Vec<String>,
    },
    /// An endpoint can't listen.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A stream can't be created or read.
    #[error("stream {stream} can't be used")]
    Stream {
        /// Its name.
        stream: String,
        /// The client's error.
        source: ReaderError,
    },
    /// An event source mapping stopped.
    #[error("event source mapping of function {function} stopped")]
    Mapping {
        /// The function's name.
        function: String,
        /// Why.
        source: MappingError,
    },
    /// A delivery stream stopped.
    #[error("delivery stream {delivery} stopped")]
    Delivery {
        /// Its name.
        delivery: String,
        /// Why.
        source: DeliveryError,
    },
    /// The readers of a stream can't read it.
    #[error(transparent)]
    Source(#[from] StreamError),
    /// What was written can't be read back.
    #[error("what was written can't be checked")]
    Check(#[from] StorageError),
}
