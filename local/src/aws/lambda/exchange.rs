//! The Runtime API of one process, which takes the next event and posts its answer or its error.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::{get, post};
use axum::{BoxError, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::MAX_ANSWER_BYTES;

/// Longest error message kept of what a function posts, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

const TOO_LARGE: &str = r#"{"errorType":"RequestEntityTooLarge","errorMessage":"Exceeded maximum allowed payload size (6291556 bytes)."}"#;

const TRUNCATED: &str = r#"{"errorType":"TruncatedResponse","errorMessage":"The answer broke off."}"#;

/// One event, as the process gets it.
#[derive(Debug, Clone)]
pub(super) struct NextEvent {
    pub(super) request_id: String,
    pub(super) event: Bytes,
    pub(super) deadline: SystemTime,
    pub(super) function_arn: String,
}

/// What a process posted.
#[derive(Debug)]
pub(super) enum Posted {
    Answer(Bytes),
    Error { error_type: String, message: String },
}

/// What connects the host with one process. At most one invocation is in it at a time.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    slot: Mutex<Slot>,
    /// Signals that the process asked for its first event, or posted that it can't start.
    initialised: Notify,
    /// Signals that there is an event to take.
    given: Notify,
}

#[derive(Debug, Default)]
struct Slot {
    asked: bool,
    init_error: Option<String>,
    waiting: Option<NextEvent>,
    in_hand: Option<(String, oneshot::Sender<Posted>)>,
    reply_to: Option<oneshot::Sender<Posted>>,
}

impl Exchange {
    /// Offers an invocation to the process. What the process posts comes through the receiver.
    pub(super) fn give(&self, next: NextEvent) -> oneshot::Receiver<Posted> {
        let (reply_to, posted) = oneshot::channel();
        self.with(|slot| {
            slot.waiting = Some(next);
            slot.reply_to = Some(reply_to);
        });
        self.given.notify_one();
        posted
    }

    /// Waits for the process to ask for its first event; the error is what it posted instead.
    pub(super) async fn initialised(&self) -> Result<(), String> {
        loop {
            let changed = self.initialised.notified();
            match self.with(|slot| (slot.init_error.clone(), slot.asked)) {
                (Some(error), _) => return Err(error),
                (None, true) => return Ok(()),
                (None, false) => changed.await,
            }
        }
    }

    async fn take(&self) -> NextEvent {
        self.with(|slot| slot.asked = true);
        self.initialised.notify_one();
        loop {
            let given = self.given.notified();
            let taken = self.with(|slot| {
                let invocation = slot.waiting.take()?;
                slot.in_hand = slot.reply_to.take().map(|reply_to| (invocation.request_id.clone(), reply_to));
                Some(invocation)
            });
            match taken {
                Some(invocation) => return invocation,
                None => given.await,
            }
        }
    }

    /// Passes on what was posted; false if this request is not the current one.
    fn post(&self, request_id: &str, posted: Posted) -> bool {
        let reply_to = self.with(|slot| slot.in_hand.take_if(|(in_hand, _)| in_hand == request_id));
        reply_to.is_some_and(|(_, reply_to)| reply_to.send(posted).is_ok())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Slot) -> T) -> T {
        change(&mut self.slot.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The routes of the Runtime API, version 2018-06-01.
pub(super) fn router(exchange: Arc<Exchange>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{request_id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{request_id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .with_state(exchange)
}

async fn next(State(exchange): State<Arc<Exchange>>) -> Result<Response<Body>, StatusCode> {
    let invocation = exchange.take().await;
    let deadline = invocation.deadline.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", &invocation.request_id)
        .header("lambda-runtime-deadline-ms", deadline.to_string())
        .header("lambda-runtime-invoked-function-arn", &invocation.function_arn)
        .header("lambda-runtime-trace-id", trace_id(SystemTime::now()))
        .header("lambda-runtime-invocation-id", &invocation.request_id)
        .body(Body::from(invocation.event))
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// An X-Ray header that samples nothing.
fn trace_id(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let random = Uuid::new_v4().simple().to_string();
    let (root, parent) = random.split_at_checked(24).unwrap_or((&random, ""));
    format!("Root=1-{seconds:08x}-{root};Parent={parent:0>16};Sampled=0")
}

async fn response(
    State(exchange): State<Arc<Exchange>>,
    Path(request_id): Path<String>,
    body: Body,
) -> Response<Body> {
    match answer(body).await {
        Ok(posted) => accepted(exchange.post(&request_id, posted)),
        Err(error) if error.is::<LengthLimitError>() => {
            let error_type = "Function.ResponseSizeTooLarge".to_owned();
            let message = format!("the answer is over {MAX_ANSWER_BYTES} bytes, the limit");
            exchange.post(&request_id, Posted::Error { error_type, message });
            reply(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE)
        }
        // A connection that broke off has posted nothing. The process may try again, or it ends, or its time
        // runs out.
        Err(error) => {
            tracing::debug!(%error, "an answer broke off");
            reply(StatusCode::BAD_REQUEST, TRUNCATED)
        }
    }
}

/// An answer, or the error in the trailers of a streamed answer.
async fn answer(body: Body) -> Result<Posted, BoxError> {
    let collected = Limited::new(body, MAX_ANSWER_BYTES).collect().await?;
    let failed = collected.trailers().and_then(failure_of);
    Ok(failed.unwrap_or_else(|| Posted::Answer(collected.to_bytes())))
}

fn failure_of(trailers: &HeaderMap) -> Option<Posted> {
    let error_type = trailers.get("lambda-runtime-function-error-type")?;
    let body =
        trailers.get("lambda-runtime-function-error-body").map(HeaderValue::as_bytes).unwrap_or_default();
    let told = serde_json::from_slice(&STANDARD.decode(body).unwrap_or_default()).unwrap_or_default();
    Some(failure(told, Some(error_type)))
}

async fn error(
    State(exchange): State<Arc<Exchange>>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    let posted = told(&headers, body).await;
    accepted(exchange.post(&request_id, posted))
}

async fn init_error(State(exchange): State<Arc<Exchange>>, headers: HeaderMap, body: Body) -> Response<Body> {
    if let Posted::Error { error_type, message } = told(&headers, body).await {
        exchange.with(|slot| slot.init_error = Some(format!("{error_type}: {message}")));
        exchange.initialised.notify_one();
    }
    accepted(true)
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ErrorBody {
    error_type: Option<String>,
    error_message: Option<String>,
}

async fn told(headers: &HeaderMap, body: Body) -> Posted {
    let body = to_bytes(body, MAX_ANSWER_BYTES).await.unwrap_or_default();
    let told = serde_json::from_slice(&body).unwrap_or_default();
    failure(told, headers.get("lambda-runtime-function-error-type"))
}

fn failure(told: ErrorBody, error_type: Option<&HeaderValue>) -> Posted {
    let named = error_type.and_then(|value| value.to_str().ok());
    let error_type =
        told.error_type.or_else(|| named.map(ToOwned::to_owned)).unwrap_or_else(|| "Unhandled".to_owned());
    let message = told.error_message.unwrap_or_default().replace(['\n', '\r'], " ");
    Posted::Error { error_type, message: message.chars().take(MAX_MESSAGE_CHARS).collect() }
}

fn accepted(known: bool) -> Response<Body> {
    if known {
        return reply(StatusCode::ACCEPTED, r#"{"status":"OK"}"#);
    }
    reply(StatusCode::BAD_REQUEST, r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#)
}

fn reply(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}
