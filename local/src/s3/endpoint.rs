//! The endpoint: what it is started with, where it is, how it ends.

use std::path::Path;

use axum::Router;
use axum::error_handling::HandleError;
use axum::http::StatusCode;
use s3s::HttpError;
use s3s::service::S3ServiceBuilder;

use super::backend::Backend;
use super::folder::Folder;
use super::signature;
use crate::loopback::{EndpointError, Loopback};

/// An S3 endpoint on 127.0.0.1 over a folder. What is in the folder stays when it ends.
pub struct S3Endpoint {
    server: Loopback,
    url: String,
}

impl S3Endpoint {
    /// Starts over a folder, which is made if it is not there, on the port; 0 takes any free one. Ready when it
    /// returns. One endpoint at a time may use a folder.
    pub async fn start(folder: &Path, port: u16) -> Result<Self, EndpointError> {
        let opened = Folder::open(folder)
            .map_err(|source| EndpointError::Folder { folder: folder.display().to_string(), source })?;
        let service = S3ServiceBuilder::new(Backend::new(opened)).build();
        let router = Router::new()
            .fallback_service(HandleError::new(service, broken))
            .layer(axum::middleware::from_fn(signature::take_off));
        let server = Loopback::serve(port, router).await?;
        let url = format!("http://{}", server.address());
        Ok(Self { server, url })
    }

    /// The value of `AWS_ENDPOINT_URL_S3` for a client.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops taking requests and answers those in hand.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

async fn broken(error: HttpError) -> StatusCode {
    tracing::debug!(?error, "a request could not be answered");
    StatusCode::INTERNAL_SERVER_ERROR
}
