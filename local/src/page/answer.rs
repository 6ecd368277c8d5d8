//! The answer to a request: JSON, or one line that says what is wrong.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::aws::stream::StreamError;
use crate::pipeline::bucket::StorageError;

/// An answer in JSON, or the reason why there is none.
pub(crate) type Answer = Result<Json<Value>, Refusal>;

/// The reason why a request is refused, with its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    reason: String,
}

impl Refusal {
    /// The request is malformed: 400.
    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason: reason.into() }
    }

    /// What is asked for does not exist, or does not exist any more: 404.
    pub(crate) fn not_found(reason: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, reason: reason.into() }
    }

    /// The request can't be done in the current state: 409.
    pub(crate) fn conflict(reason: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, reason: reason.into() }
    }

    /// The client may not do this: 403.
    pub(crate) fn forbidden(reason: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, reason: reason.into() }
    }

    /// The body is larger than the limit: 413.
    pub(crate) fn too_large(reason: impl Into<String>) -> Self {
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, reason: reason.into() }
    }

    /// There are too many listeners already: 503.
    pub(crate) fn busy(reason: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, reason: reason.into() }
    }

    /// Something failed on this machine: 500.
    pub(crate) fn failed(error: &dyn std::error::Error) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, reason: edge::logging::chain(error) }
    }
}

impl Refusal {
    /// What is wrong, on one line.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.reason }))).into_response()
    }
}

impl From<StreamError> for Refusal {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::NotFound { stream } => Self::not_found(format!("stream {stream:?} is not there")),
            error @ StreamError::Storage { .. } => Self::failed(&error),
        }
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::failed(&error)
    }
}
