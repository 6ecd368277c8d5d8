//! One request: what it asks for, and its answer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;

use super::error::{ApiError, SERIALIZATION, UNKNOWN_OPERATION};
use super::kinesis::Kinesis;
use super::operations::{Call, operation};
use super::subscribe::subscribe;
use super::wire::Format;
use crate::aws::kinesis::store::{StreamStore, blocking};

/// `PutRecords` takes 10 MiB, which base64 makes 13.3 MiB; the rest is keys and JSON.
const MAX_REQUEST_BYTES: usize = 16 << 20;
/// How long a request's body may take to arrive. It comes from this machine.
const BODY_LIMIT: Duration = Duration::from_secs(30);
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const SERVICE: &str = "Kinesis_20131202.";
const SUBSCRIBE: &str = "SubscribeToShard";
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

#[derive(Serialize)]
struct Refusal<'a> {
    __type: &'static str,
    message: &'a str,
}

/// The API on a store.
pub(in crate::aws::kinesis) fn router(store: Arc<StreamStore>, throttles: bool) -> Router {
    Router::new().fallback(answer).with_state(Arc::new(Kinesis::new(store, throttles)))
}

async fn answer(State(kinesis): State<Arc<Kinesis>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = tokio::time::timeout(BODY_LIMIT, to_bytes(body, MAX_REQUEST_BYTES)).await else {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    };
    if parts.method != Method::POST {
        return access_denied();
    }
    let Some(format) = Format::of(&parts.headers) else {
        let error = ApiError { status: 404, ..ApiError::new(UNKNOWN_OPERATION, "") };
        return refused(Format::Json, &error);
    };
    let answered = match (named(&parts), body) {
        (Err(error), _) => Err(error),
        (Ok(_), Err(_)) => Err(ApiError::new(
            SERIALIZATION,
            format!("the request can't be read, or is over {MAX_REQUEST_BYTES} bytes"),
        )),
        (Ok(SUBSCRIBE), Ok(body)) => events(&kinesis, format, body).await,
        (Ok(name), Ok(body)) => done(&kinesis, name.to_owned(), format, body).await,
    };
    answered.unwrap_or_else(|error| refused(format, &error))
}

/// The operation that a request in order names.
fn named(parts: &Parts) -> Result<&str, ApiError> {
    let target = parts.headers.get(TARGET).and_then(|target| target.to_str().ok()?.strip_prefix(SERVICE));
    let name = target.filter(|name| *name == SUBSCRIBE || operation(name).is_some());
    let name = name.ok_or_else(|| ApiError::new(UNKNOWN_OPERATION, ""))?;
    check_signature(parts)?;
    Ok(name)
}

/// Checks that a signature is present with all its parts. It need not be right, since any keys are accepted.
fn check_signature(parts: &Parts) -> Result<(), ApiError> {
    let signed_url = parts.uri.query().is_some_and(|query| query.contains("X-Amz-Algorithm"));
    let Some(signature) = parts.headers.get(AUTHORIZATION) else {
        let missing = || ApiError::new("MissingAuthenticationTokenException", "Missing Authentication Token");
        return if signed_url { Ok(()) } else { Err(missing()) };
    };
    let signature = String::from_utf8_lossy(signature.as_bytes());
    let mut wrong = String::new();
    for part in ["Credential", "Signature", "SignedHeaders"] {
        if !signature.contains(&format!("{part}=")) {
            wrong = format!("{wrong}Authorization header requires '{part}' parameter. ");
        }
    }
    if !parts.headers.contains_key(AMZ_DATE) && !parts.headers.contains_key(DATE) {
        wrong += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    }
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::new("IncompleteSignatureException", wrong)) }
}

async fn done(
    kinesis: &Arc<Kinesis>,
    name: String,
    format: Format,
    body: Bytes,
) -> Result<Response, ApiError> {
    let kinesis = Arc::clone(kinesis);
    let body = blocking(move || {
        let operation = operation(&name).ok_or_else(|| ApiError::new(UNKNOWN_OPERATION, ""))?;
        operation(Call { kinesis: &kinesis, format, body: &body })
    });
    Ok(respond(StatusCode::OK, format.content_type(), body.await?.into()))
}

async fn events(kinesis: &Arc<Kinesis>, format: Format, body: Bytes) -> Result<Response, ApiError> {
    let kinesis = Arc::clone(kinesis);
    let subscription = blocking(move || subscribe(&kinesis, format, &body)).await?;
    let mut response = respond(StatusCode::OK, EVENT_STREAM, Body::from_stream(subscription.into_events()));
    let content = HeaderValue::from_static(format.content_type());
    response.headers_mut().insert(HeaderName::from_static("x-amzn-event-content-type"), content);
    Ok(response)
}

fn refused(format: Format, error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = format.write(&Refusal { __type: error.code, message: &error.message }).unwrap_or_default();
    respond(status, format.content_type(), body.into())
}

fn access_denied() -> Response {
    let body = "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be \
                authorized</Message>\n</AccessDeniedException>\n";
    respond(StatusCode::FORBIDDEN, "application/xml", body.into())
}

fn respond(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::try_from(uuid::Uuid::new_v4().to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
