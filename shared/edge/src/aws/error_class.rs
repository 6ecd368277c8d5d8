//! What a failed call of an AWS service means: whether time, another request or a person may help.

use std::error::Error;
use std::iter;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What may help a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// The service failed or gave no answer: the same call may go through later.
    Retry,
    /// The service was asked too often: the same call may go through later, and more slowly.
    Throttled,
    /// The request is wrong in some way: another request may go through.
    Invalid,
    /// The caller lacks a permission.
    Denied,
    /// Only a person can help: there is no such stream, a key is disabled, or the region is wrong.
    Fatal,
}

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

/// The innermost cause says what happened; those above it say only that a call failed.
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
    let first = iter::successors(Some(cause as &dyn Error), |&cause| cause.source()).last();
    format!("no answer: {}", first.map(ToString::to_string).unwrap_or_default())
}

/// The class of an error code, or of the HTTP status if the code is not known.
pub(super) fn class(code: &str, status: u16) -> Class {
    match code {
        "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "KMSThrottlingException"
        | "ThrottlingException"
        | "TooManyRequestsException" => Class::Throttled,
        "InternalFailure" | "InternalFailureException" | "InternalServerException" => Class::Retry,
        "InvalidArgumentException"
        | "InvalidRequestException"
        | "SerializationException"
        | "TextSizeLimitExceededException"
        | "UnsupportedLanguageException"
        | "ValidationException" => Class::Invalid,
        "AccessDeniedException" | "AccessDenied" => Class::Denied,
        _ if status == 429 => Class::Throttled,
        _ if status >= 500 => Class::Retry,
        _ if status == 413 => Class::Invalid,
        _ => Class::Fatal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_decides_and_a_status_only_where_the_code_is_not_known() {
        for (code, status, expected) in [
            ("ProvisionedThroughputExceededException", 400, Class::Throttled),
            ("ThrottlingException", 400, Class::Throttled),
            ("UnheardOf", 429, Class::Throttled),
            ("InternalFailure", 500, Class::Retry),
            ("UnheardOf", 503, Class::Retry),
            ("ValidationException", 400, Class::Invalid),
            ("TextSizeLimitExceededException", 400, Class::Invalid),
            ("UnheardOf", 413, Class::Invalid),
            ("AccessDeniedException", 400, Class::Denied),
            ("ResourceNotFoundException", 400, Class::Fatal),
            ("UnrecognizedClientException", 400, Class::Fatal),
        ] {
            assert_eq!(class(code, status), expected, "{code} {status}");
        }
    }
}
