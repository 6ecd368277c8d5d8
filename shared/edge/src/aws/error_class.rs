//! What a failed call of an AWS service means: whether time, another request or a person may help.

use std::error::Error;
use std::iter;

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

/// The innermost cause says what happened; those above it say only that a call failed.
pub(super) fn no_answer_by(cause: Option<&(dyn Error + 'static)>) -> String {
    let first = iter::successors(cause, |&cause| cause.source()).last();
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
