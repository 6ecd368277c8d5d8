//! The Lambda runtime loop: event bytes in, answer bytes out.
//!
//! `lambda_runtime` polls and keeps the process alive; its own (de)serialisation, half the cost of a transform,
//! is stepped around by a layer that takes the body as it came and posts the answer as it is.

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

/// Echoed on every answer, so that Lambda can tell a late one of an invocation it has given up.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";
/// What `lambda_runtime` can't start without.
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
    /// The event, unread.
    pub body: Bytes,
    /// Lambda's id of this call; a retry has another.
    pub request_id: String,
    /// When Lambda ends the process if there is no answer yet.
    pub deadline: SystemTime,
    /// ARN the function was called by, version or alias included.
    pub function_arn: String,
    /// X-Ray's `Root=…;Parent=…;Sampled=…`.
    pub trace_id: Option<String>,
    /// The first call of this process.
    pub cold_start: bool,
}

/// Why a call has no answer: posted to `/error`, so that Lambda counts it as failed and retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationError {
    kind: &'static str,
    message: String,
}

/// The loop can't go on: the process ends and Lambda starts another.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The Runtime API did not take an answer or give an event.
    #[error("lambda runtime api failed")]
    Api(#[source] BoxError),
}

impl Invocation {
    /// The time until Lambda ends the process.
    pub fn time_left(&self) -> Duration {
        self.deadline.duration_since(SystemTime::now()).unwrap_or_default()
    }
}

impl InvocationError {
    /// An error of this kind (a short stable word), told with its chain of causes.
    pub fn new(kind: &'static str, error: &dyn Error) -> Self {
        Self { kind, message: crate::logging::chain(error) }
    }

    /// A short stable word, `errorType` in Lambda's words.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What happened; never text of a record.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What a panic is told as. Its own message may quote a record, so it stays untold.
    fn panicked() -> Self {
        let message = "the function panicked, its log has the place".to_owned();
        Self { kind: "Panic", message }
    }

    fn to_json(&self) -> Vec<u8> {
        let error =
            serde_json::json!({ "errorType": self.kind, "errorMessage": self.message, "stackTrace": [] });
        error.to_string().into_bytes()
    }
}

/// Asks for the variables that Lambda sets for every function, so that a function started by hand says what it
/// lacks instead of panicking in [`run`].
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

/// What the layer stands in for.
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
    // Inside a future of its own, since the handler's call may panic as well as what it returns.
    let call = AssertUnwindSafe(async { handler(invocation).await });
    let outcome = call.catch_unwind().await.unwrap_or_else(|_panic| Err(InvocationError::panicked()));
    let request = answer(&request_id, parts.headers.get(INVOCATION_ID), outcome)?;
    let response = client.call(request).await?;
    if !response.status().is_success() {
        tracing::error!(request_id, status = response.status().as_u16(), "answer refused by lambda");
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
