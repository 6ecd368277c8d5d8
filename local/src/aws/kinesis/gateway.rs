//! The seam: each request is done here, or mended and handed to ferrokinesis.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use ferrokinesis::constants::SERIALIZATION_EXCEPTION;
use ferrokinesis::error::KinesisErrorResponse;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use tower::ServiceExt;

use super::request::{JSON, Request};
use super::streams::Streams;
use super::{get, iterators, listings, put};

/// `PutRecords` takes 10 MiB, which base64 makes 13.3 MiB; the rest is keys and JSON.
const MAX_REQUEST_BYTES: usize = 16 << 20;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// How an operation of ours ended: with an answer in JSON, with an error of AWS's, or not at all because the request is
/// not one it knows. Then ferrokinesis answers.
pub(super) type Outcome = Result<Option<Vec<u8>>, KinesisErrorResponse>;

/// What stands in front of ferrokinesis.
#[derive(Clone)]
pub(super) struct Gateway {
    ferrokinesis: Router,
    streams: Arc<Streams>,
    answered: Arc<AtomicU64>,
}

impl Gateway {
    pub(super) fn new(ferrokinesis: Router, streams: Streams) -> Self {
        Self {
            ferrokinesis: ferrokinesis.layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES)),
            streams: Arc::new(streams),
            answered: Arc::default(),
        }
    }

    pub(super) fn into_router(self) -> Router {
        Router::new().fallback(answer).with_state(self)
    }

    async fn answer(&self, request: Request) -> Response {
        let outcome = if request.is_signed_json() { self.ours(&request).await } else { Ok(None) };
        match outcome {
            Ok(Some(body)) => self.respond(StatusCode::OK, body),
            Ok(None) => self.theirs(request).await,
            Err(error) => self.refuse(&error),
        }
    }

    async fn ours(&self, request: &Request) -> Outcome {
        match request.operation() {
            Some("PutRecords") => put::put_records(&self.streams, &request.body).await,
            Some("PutRecord") => put::put_record(&self.streams, &request.body).await,
            Some("GetRecords") => get::get_records(&self.streams, &request.body).await,
            Some("ListShards") => listings::list_shards(&self.streams, &request.body).await,
            Some("ListStreams") => listings::list_streams(&self.streams, &request.body).await,
            _ => Ok(None),
        }
    }

    async fn theirs(&self, mut request: Request) -> Response {
        if let Err(error) = request.name_stream() {
            return self.refuse(&error);
        }
        match request.operation() {
            Some("PutRecord" | "PutRecords") => {
                let _alone = self.streams.order.write().await;
                self.forward(request).await
            }
            Some("GetRecords") => {
                let _shared = self.streams.order.read().await;
                self.forward(request).await
            }
            Some("GetShardIterator") => {
                iterators::mend(&self.streams, &mut request).await;
                let _shared = self.streams.order.read().await;
                iterators::seen(&self.streams, self.forward(request).await).await
            }
            Some("DescribeStreamSummary") => {
                listings::with_record_size(&self.streams, self.forward(request).await).await
            }
            _ => self.forward(request).await,
        }
    }

    async fn forward(&self, Request { mut parts, body }: Request) -> Response {
        parts.headers.insert(CONTENT_LENGTH, body.len().into());
        let request = http::Request::from_parts(parts, Body::from(body));
        self.ferrokinesis.clone().oneshot(request).await.into_response()
    }

    fn refuse(&self, error: &KinesisErrorResponse) -> Response {
        let status = StatusCode::from_u16(error.status_code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.respond(status, serde_json::to_vec(&error.body).unwrap_or_default())
    }

    fn respond(&self, status: StatusCode, body: Vec<u8>) -> Response {
        let id = self.answered.fetch_add(1, Ordering::Relaxed);
        let mut response = (status, body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        if let Ok(id) = HeaderValue::try_from(format!("00000000-0000-4000-8000-{id:012x}")) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

async fn answer(State(gateway): State<Gateway>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    match to_bytes(body, MAX_REQUEST_BYTES).await {
        Ok(body) => gateway.answer(Request { parts, body }).await,
        Err(error) => {
            tracing::debug!(%error, limit = MAX_REQUEST_BYTES, "a request did not come in");
            let message = format!("the request can't be read, or is over {MAX_REQUEST_BYTES} bytes");
            gateway.refuse(&KinesisErrorResponse::client_error(SERIALIZATION_EXCEPTION, Some(&message)))
        }
    }
}

/// An answer of ferrokinesis that is small by its nature, taken apart.
pub(super) async fn small_answer(response: Response) -> (Parts, Bytes) {
    const LIMIT: usize = 64 << 10;
    let (parts, body) = response.into_parts();
    (parts, to_bytes(body, LIMIT).await.unwrap_or_default())
}

/// An answer put together again from what it was taken apart into, with another body.
pub(super) fn with_body(mut parts: Parts, body: Bytes) -> Response {
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    Response::from_parts(parts, Body::from(body))
}
