//! `Invoke` as clients call it, for the functions of this machine.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::{Invocation, InvocationError, Invoke, MAX_EVENT_BYTES};

const INVOCATION_TYPE: &str = "x-amz-invocation-type";
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The functions that clients may invoke, by name. They are made after the endpoint, since they are told where it is.
#[derive(Clone, Default)]
pub(crate) struct Invocable(Arc<OnceLock<BTreeMap<String, Arc<dyn Invoke>>>>);

impl Invocable {
    /// From now on these are invoked.
    pub(crate) fn are(&self, functions: BTreeMap<String, Arc<dyn Invoke>>) {
        self.0.get_or_init(|| functions);
    }

    /// The part of Lambda's API that invokes.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/2015-03-31/functions/{function}/invocations", post(invoke))
            .layer(DefaultBodyLimit::max(MAX_EVENT_BYTES))
            .with_state(self.clone())
    }

    fn find(&self, name: &str) -> Option<Arc<dyn Invoke>> {
        self.0.get()?.get(plain(name)).cloned()
    }
}

/// The name alone, of a name, an ARN or a part of one, with or without a qualifier.
fn plain(name: &str) -> &str {
    let after = name.rsplit_once("function:").map_or(name, |(_, after)| after);
    after.split(':').next().unwrap_or(after)
}

async fn invoke(
    State(functions): State<Invocable>,
    Path(name): Path<String>,
    headers: HeaderMap,
    event: Bytes,
) -> Response {
    let Some(function) = functions.find(&name) else {
        let message = format!("Function not found: {}", plain(&name));
        return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
    };
    let kind = headers.get(INVOCATION_TYPE).and_then(|kind| kind.to_str().ok());
    match kind {
        None | Some("RequestResponse") => {}
        Some("DryRun") => return StatusCode::NO_CONTENT.into_response(),
        Some(_) => {
            let message = "this machine invokes with RequestResponse only";
            return refused(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message);
        }
    }
    let invocation = Invocation { request_id: Uuid::new_v4().to_string(), event };
    match function.invoke(invocation).await {
        Ok(answer) => answered(answer),
        Err(error) => failed(&error),
    }
}

fn answered(answer: Bytes) -> Response {
    let version = (HeaderName::from_static("x-amz-executed-version"), HeaderValue::from_static("$LATEST"));
    ([version], answer).into_response()
}

/// What a function made of its invocation is an answer of status 200 with a header that says so.
fn failed(error: &InvocationError) -> Response {
    let message = error.to_string();
    match error {
        InvocationError::EventTooLarge { .. } => {
            refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message)
        }
        InvocationError::Throttled { .. } => {
            refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", &message)
        }
        InvocationError::Error { error_type, message, .. } => unhandled(error_type, message),
        InvocationError::TimedOut { .. } => unhandled("Sandbox.Timedout", &message),
        InvocationError::Crashed { .. } | InvocationError::Initialisation { .. } => {
            unhandled("Runtime.ExitError", &message)
        }
    }
}

fn unhandled(error_type: &str, message: &str) -> Response {
    let body = json!({"errorMessage": message, "errorType": error_type}).to_string();
    ([(FUNCTION_ERROR, HeaderValue::from_static("Unhandled"))], body).into_response()
}

fn refused(status: StatusCode, code: &'static str, message: &str) -> Response {
    let body = json!({"Type": "User", "Message": message}).to_string();
    (status, [(ERROR_TYPE, HeaderValue::from_static(code))], body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use futures::future::BoxFuture;
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;

    /// Answers with its event, or fails where that is empty.
    struct Echo;

    impl Invoke for Echo {
        fn name(&self) -> &'static str {
            "Echo"
        }

        fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Bytes, InvocationError>> {
            Box::pin(async move {
                if invocation.event.is_empty() {
                    let function = "Echo".to_owned();
                    return Err(InvocationError::TimedOut { function, seconds: 3 });
                }
                Ok(invocation.event)
            })
        }
    }

    async fn called(name: &str, event: &str) -> (StatusCode, HeaderMap, String) {
        let invocable = Invocable::default();
        invocable.are([("Echo".to_owned(), Arc::new(Echo) as Arc<dyn Invoke>)].into());
        let request = Request::post(format!("/2015-03-31/functions/{name}/invocations"));
        let request = request.body(Body::from(event.to_owned())).unwrap();
        let (parts, body) = invocable.router().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 10_000).await.unwrap();
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn a_function_is_found_by_each_of_its_names_and_its_answer_is_handed_on() {
        for name in [
            "Echo",
            "Echo:$LATEST",
            "arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3AEcho",
            "1:function:Echo:1",
        ] {
            let (status, headers, body) = called(name, "{}").await;
            assert_eq!((status, body.as_str()), (StatusCode::OK, "{}"), "{name}");
            assert!(!headers.contains_key(FUNCTION_ERROR));
        }
    }

    #[tokio::test]
    async fn what_failed_in_the_function_is_told_from_a_function_that_is_not_there() {
        let (status, headers, body) = called("Echo", "").await;
        assert_eq!((status, headers[FUNCTION_ERROR].to_str().unwrap()), (StatusCode::OK, "Unhandled"));
        assert!(body.contains("timed out after 3 s"), "{body}");
        let (status, headers, _) = called("Other", "{}").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(headers[ERROR_TYPE], "ResourceNotFoundException");
    }
}
