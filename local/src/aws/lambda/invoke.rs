//! The port through which everything invokes a function.

use bytes::Bytes;
use futures::future::BoxFuture;

use super::InvocationError;

/// One function that is invoked like Lambda's `RequestResponse`: by a pool of environments, or by a script in
/// a test.
pub(crate) trait Invoke: Send + Sync {
    /// The function's name.
    fn name(&self) -> &str;
    /// Waits for an environment, and then for its answer. A retry of an unchanged batch has the same request
    /// id.
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Bytes, InvocationError>>;
}

/// What a function is invoked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) event: Bytes,
}
