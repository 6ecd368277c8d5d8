//! What a failed call of a client of the SDK says.

use std::error::Error;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::error_class::{Class, class, no_answer_by};

/// A failed call.
pub(super) struct Failure {
    /// What may help.
    pub(super) class: Class,
    /// The service's error code, if it answered.
    pub(super) code: Option<String>,
    /// The service's message, which may quote the request; or the reason why there was no answer, on one
    /// line.
    pub(super) message: String,
}

/// The longest message of a service that is kept, in characters.
const MAX_MESSAGE_CHARS: usize = 300;

/// Reads what a failed call says. The codes are those that the API references of these services list.
pub(super) fn failure<E, R>(error: &SdkError<E, R>, status: Option<u16>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    let Some(service) = error.as_service_error() else {
        let is_ours = matches!(error, SdkError::ConstructionFailure(_));
        let class = if is_ours { Class::Fatal } else { Class::Retry };
        return Failure { class, code: None, message: no_answer(error) };
    };
    let code = service.code().map(str::to_owned);
    let message = service.message().unwrap_or_default().chars().take(MAX_MESSAGE_CHARS).collect();
    Failure { class: class(code.as_deref().unwrap_or_default(), status.unwrap_or(0)), code, message }
}

fn no_answer<E, R>(error: &SdkError<E, R>) -> String
where
    E: Error + 'static,
    R: std::fmt::Debug,
{
    let cause = match error {
        SdkError::ConstructionFailure(_) => return "the request could not be made".to_owned(),
        SdkError::TimeoutError(_) => return "no answer: it took too long".to_owned(),
        SdkError::DispatchFailure(failure) => failure.as_connector_error(),
        _ => None,
    };
    let Some(cause) = cause else { return "the answer can't be read".to_owned() };
    no_answer_by(Some(cause))
}
