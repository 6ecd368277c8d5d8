//! The Lambda runtime loop: it takes the bytes of an event and returns the bytes of an answer.
//!
//! `lambda_runtime` polls and keeps the process alive. Its own (de)serialisation would cost half as much as a
//! transform, so a layer bypasses it: the layer takes the body as it arrives and posts the answer as it is.

use crate::settings::Settings;
use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderValue, Method, Request};
use lambda_runtime::tower::{BoxError, layer::layer_fn, service_fn};
use lambda_runtime::{LambdaEvent, LambdaInvocation, Runtime};
use lambda_runtime_api_client::{PooledClient, body::Body, build_request};
use serde::de::IgnoredAny;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

/// Repeated in every answer, so that Lambda recognises a late answer to an invocation that it has given up.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";
/// The variables without which `lambda_runtime` can't start.
const LAMBDA_VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// One call of the function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The event as it arrived, not parsed.
    pub body: Bytes,
    /// Lambda's id of this call. A retry has another one.
    pub request_id: String,
    /// When Lambda ends the process if there is no answer by then.
    pub deadline: SystemTime,
    /// The ARN by which the function was called, with its version or alias.
    pub function_arn: String,
    /// X-Ray's `Root=…;Parent=…;Sampled=…`.
    pub trace_id: Option<String>,
    /// Whether this is the first call of this process.
    pub cold_start: bool,
}

/// Why a call has no answer. It is posted to `/error`, so that Lambda counts the call as failed and retries
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationError {
    kind: &'static str,
    message: String,
}

/// Why the loop can't go on. The process ends, and Lambda starts another one.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The Runtime API did not accept an answer or did not give an event.
    #[error("lambda runtime api failed")]
    Api(#[source] BoxError),
}

impl Invocation {
    /// Returns the time that is left until Lambda ends the process.
    pub fn time_left(&self) -> Duration {
        self.deadline.duration_since(SystemTime::now()).unwrap_or_default()
    }
}

impl InvocationError {
    /// Makes an error of this kind (a short stable word), whose message includes the chain of causes.
    pub fn new(kind: &'static str, error: &dyn Error) -> Self {
        Self { kind, message: crate::logging::chain(error) }
    }

    /// Returns the short stable word that Lambda calls `errorType`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns what happened. The message never contains text of a record.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The error that reports a panic. The panic's own message is not used, since it may quote a record.
    fn panicked() -> Self {
        let message = "the function panicked, and its log says where".to_owned();
        Self { kind: "Panic", message }
    }

    fn to_json(&self) -> Vec<u8> {
        let error =
            serde_json::json!({ "errorType": self.kind, "errorMessage": self.message, "stackTrace": [] });
        error.to_string().into_bytes()
    }
}

/// Requires the variables that Lambda sets for every function, so that a function that is started by hand
/// says what it lacks and does not panic in [`run`].
pub fn require_lambda(settings: &mut Settings) {
    for name in LAMBDA_VARIABLES {
        settings.required(name);
    }
}

/// Serves calls one after the other until the Runtime API fails; a panic is that call's error and no more.
///
/// # Panics
/// Where Lambda's environment is missing: see [`require_lambda`].
pub async fn run<H, F>(handler: H) -> Result<(), RuntimeError>
where
    H: Fn(Invocation) -> F,
    F: Future<Output = Result<Bytes, InvocationError>>,
{
    let handler = Arc::new(handler);
    let client = Arc::new(PooledClient::builder().build());
    let is_cold = Arc::new(AtomicBool::new(true));
    let bytes_layer = layer_fn(move |_typed_service| {
        let (handler, client, is_cold) = (Arc::clone(&handler), Arc::clone(&client), Arc::clone(&is_cold));
        service_fn(move |invocation: LambdaInvocation| {
            let (handler, client) = (Arc::clone(&handler), Arc::clone(&client));
            let cold_start = is_cold.swap(false, Ordering::Relaxed);
            async move { serve(handler.as_ref(), &client, invocation, cold_start).await }
        })
    });
    Runtime::new(service_fn(never_called)).layer(bytes_layer).run().await.map_err(RuntimeError::Api)
}

/// A placeholder that the layer replaces.
async fn never_called(_: LambdaEvent<IgnoredAny>) -> Result<(), BoxError> {
    Ok(())
}

async fn serve<H, F>(
    handler: &H,
    client: &PooledClient,
    invocation: LambdaInvocation,
    cold_start: bool,
) -> Result<(), BoxError>
where
    H: Fn(Invocation) -> F,
    F: Future<Output = Result<Bytes, InvocationError>>,
{
    let LambdaInvocation { parts, body, context } = invocation;
    let request_id = context.request_id.clone();
    let invocation = Invocation {
        body,
        deadline: context.deadline(),
        request_id: context.request_id,
        function_arn: context.invoked_function_arn,
        trace_id: context.xray_trace_id,
        cold_start,
    };
    // The future is made inside another one, since the call of the handler may panic as well as the future
    // that it returns.
    let call = AssertUnwindSafe(async { handler(invocation).await });
    let outcome = call.catch_unwind().await.unwrap_or_else(|_panic| Err(InvocationError::panicked()));
    let request = answer(&request_id, parts.headers.get(INVOCATION_ID), outcome)?;
    let response = client.call(request).await?;
    if !response.status().is_success() {
        tracing::error!(request_id, status = response.status().as_u16(), "lambda refused the answer");
    }
    Ok(())
}

fn answer(
    request_id: &str,
    invocation_id: Option<&HeaderValue>,
    outcome: Result<Bytes, InvocationError>,
) -> Result<Request<Body>, http::Error> {
    let mut builder = build_request().method(Method::POST);
    if let Some(id) = invocation_id {
        builder = builder.header(INVOCATION_ID, id);
    }
    let path = format!("/2018-06-01/runtime/invocation/{request_id}");
    match outcome {
        Ok(body) => builder.uri(path + "/response").body(body.into()),
        Err(error) => {
            tracing::error!(request_id, kind = error.kind(), error = error.message(), "invocation failed");
            builder.uri(path + "/error").header(ERROR_TYPE, error.kind()).body(error.to_json().into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_runtime::Context;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;

    /// What one handler's outcome looks like to the Runtime API: request line and headers, and body.
    fn posted<F>(handler: impl Fn(Invocation) -> F) -> (String, String)
    where
        F: Future<Output = Result<Bytes, InvocationError>>,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let api = std::thread::spawn(move || take_one_post(&listener));
        let client = PooledClient::builder().with_endpoint(endpoint.parse().unwrap()).build();
        let (parts, ()) =
            http::Response::builder().header(INVOCATION_ID, "echo-me").body(()).unwrap().into_parts();
        let mut context = Context::default();
        context.request_id = "req-1".to_owned();
        context.deadline = 1_767_323_045_000;
        let invocation = LambdaInvocation { parts, body: Bytes::from_static(b"{}"), context };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(serve(&handler, &client, invocation, true)).unwrap();
        api.join().unwrap()
    }

    fn take_one_post(listener: &TcpListener) -> (String, String) {
        let mut reader = BufReader::new(listener.accept().unwrap().0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    #[test]
    fn an_answer_is_posted_byte_for_byte_with_the_invocation_id_echoed() {
        let (head, body) = posted(|invocation| async move {
            assert_eq!((invocation.request_id.as_str(), invocation.cold_start), ("req-1", true));
            Ok(invocation.body)
        });
        assert!(head.starts_with("POST /2018-06-01/runtime/invocation/req-1/response "), "{head}");
        assert!(head.contains("lambda-runtime-invocation-id: echo-me\r\n"), "{head}");
        assert_eq!(body, "{}");
    }

    #[test]
    fn an_error_is_posted_with_its_kind_and_chain() {
        let (head, body) =
            posted(|_| async { Err(InvocationError::new("bad_event", &"x".parse::<u8>().unwrap_err())) });
        assert!(head.starts_with("POST /2018-06-01/runtime/invocation/req-1/error "), "{head}");
        assert!(head.contains("lambda-runtime-invocation-id: echo-me\r\n"), "{head}");
        assert!(head.contains("lambda-runtime-function-error-type: bad_event\r\n"), "{head}");
        assert_eq!(
            body,
            r#"{"errorMessage":"invalid digit found in string","errorType":"bad_event","stackTrace":[]}"#
        );
    }

    #[test]
    fn a_panic_is_an_error_that_quotes_nothing() {
        let (head, body) = posted(|_| async { panic!("a record's text") });
        assert!(head.contains("/error "), "{head}");
        assert!(body.contains("\"errorType\":\"Panic\"") && !body.contains("text"), "{body}");
    }
}
