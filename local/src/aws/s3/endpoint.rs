//! The endpoint: its options, its address and its end.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::error_handling::HandleError;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, StatusCode};
use s3s::HttpError;
use s3s::service::S3ServiceBuilder;
use uuid::Uuid;

use super::backend::Backend;
use super::folder::Folder;
use super::{signature, virtual_host};
use crate::aws::event::Observer;
use crate::aws::loopback::{Doors, EndpointError, Loopback};

/// An S3 endpoint on 127.0.0.1 over a folder, whose content remains when it ends.
pub struct S3Endpoint {
    server: Loopback,
    url: String,
}

impl S3Endpoint {
    /// Starts over a folder, which is created if it does not exist, on the port; 0 means any free one. It is
    /// ready when this returns. One endpoint at a time may use a folder.
    pub async fn start(folder: &Path, port: u16) -> Result<Self, EndpointError> {
        Self::start_observed(folder, port, Vec::new(), None).await
    }

    /// Starts for web pages too, of these origins, such as `http://localhost:5173`. Every other is refused. The observer
    /// is told of every object that is written.
    pub(crate) async fn start_observed(
        folder: &Path,
        port: u16,
        allowed_origins: Vec<String>,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self, EndpointError> {
        let opened = Folder::open(folder)
            .map(|opened| opened.observed(observer))
            .map_err(|source| EndpointError::Folder { folder: folder.display().to_string(), source })?;
        let service = S3ServiceBuilder::new(Backend::new(opened)).build();
        let router = Router::new()
            .fallback_service(HandleError::new(service, broken))
            .layer(from_fn(signature::take_off))
            .layer(from_fn(virtual_host::into_the_path))
            .layer(from_fn(close_where_a_body_was_not_wanted))
            .layer(from_fn(name_the_request));
        let server = Loopback::serve(port, router, Doors::buckets(allowed_origins)).await?;
        let url = format!("http://{}", server.address());
        Ok(Self { server, url })
    }

    /// Returns the value of `AWS_ENDPOINT_URL_S3` for a client.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it serves, for the endpoint of all services.
    pub(crate) fn router(&self) -> Router {
        self.server.router()
    }

    /// Stops accepting requests and answers the open ones.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

async fn broken(error: HttpError) -> StatusCode {
    tracing::debug!(?error, "a request could not be answered");
    StatusCode::INTERNAL_SERVER_ERROR
}

/// A client that asks before it sends (`Expect: 100-continue`) and is refused does not send. What comes next
/// on the connection is then unclear (boto3 takes the next answer for this one's), so the connection ends
/// here, as it does at S3.
async fn close_where_a_body_was_not_wanted(request: Request, next: Next) -> Response {
    let asks_first = request.headers().contains_key(EXPECT);
    let mut response = next.run(request).await;
    if asks_first && !response.status().is_success() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Every answer of S3 has a request id, which clients log.
async fn name_the_request(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let (id, extended) = (Uuid::new_v4(), Uuid::new_v4());
    let id = format!("{:016X}", id.as_u64_pair().0);
    for (name, value) in [("x-amz-request-id", id), ("x-amz-id-2", extended.simple().to_string())] {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().entry(name).or_insert(value);
        }
    }
    response
}
