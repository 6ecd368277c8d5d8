//! Lambda on one machine: the unmodified binaries run as processes, each with a separate Runtime API.

mod access_key;
mod api;
mod asynchronous;
mod environment;
mod exchange;
mod function;
mod guard;
mod invoke;
mod log;
mod memory;
mod pool;
mod retries;
mod told;
mod variables;

pub(crate) use access_key::AccessKey;
pub(crate) use api::Invocable;
pub(crate) use asynchronous::Asynchronous;
pub(crate) use function::{Function, FunctionError, FunctionSettings};
pub(crate) use invoke::{Invocation, Invoke};
pub(crate) use variables::ServiceUrls;

/// The largest event of a synchronous invocation, in bytes.
pub(crate) const MAX_EVENT_BYTES: usize = 6 << 20;
/// The largest answer of a synchronous invocation, in bytes.
const MAX_ANSWER_BYTES: usize = 6_291_556;

/// Why an invocation has no answer, in Lambda's terms.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvocationError {
    /// The event is over Lambda's limit and was not sent.
    #[error("event is {bytes} bytes, the limit is {MAX_EVENT_BYTES}")]
    EventTooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The function's concurrency is 0, or no more invocations are made. This one was not tried.
    #[error("function {function} accepts no invocations")]
    Throttled {
        /// The function's name.
        function: String,
    },
    /// The function posted an error. Its process continues.
    #[error("function {function} answered {error_type}: {message}")]
    Error {
        /// The function's name.
        function: String,
        /// `errorType` as posted.
        error_type: String,
        /// `errorMessage` as posted, cut to a line.
        message: String,
    },
    /// There was no answer within the function's timeout, and the process was killed.
    #[error("function {function} timed out after {seconds} s")]
    TimedOut {
        /// The function's name.
        function: String,
        /// Its timeout.
        seconds: u64,
    },
    /// The process ended before it answered.
    #[error("function {function} ended with {status} before it answered")]
    Crashed {
        /// The function's name.
        function: String,
        /// Exit code or signal.
        status: String,
    },
    /// The process can't be started, ended during its initialisation, or posted an initialisation error.
    #[error("function {function} can't initialise: {reason}")]
    Initialisation {
        /// The function's name.
        function: String,
        /// Why.
        reason: String,
    },
}
