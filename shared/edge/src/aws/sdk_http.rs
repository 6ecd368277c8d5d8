//! Sends the AWS SDK's requests over the process's HTTP client.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use reqwest::{Client, Request};

use crate::aws::{TrustedRoots, https};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// An HTTP client for the configuration of one AWS service, with one connection pool.
///
/// The SDK itself limits how long a request takes. Bodies must be in memory, as those of the services used
/// here are. A streaming body is refused.
#[derive(Debug, Clone)]
pub(crate) struct SdkHttp {
    client: Result<Client, String>,
}

impl SdkHttp {
    /// Makes no connection yet. If the client can't be made, each request fails.
    pub(crate) fn new(endpoint_url: Option<&str>, roots: &TrustedRoots) -> Self {
        let client = https::client_builder(endpoint_url, roots).connect_timeout(CONNECT_TIMEOUT).build();
        Self { client: client.map_err(|error| error.to_string()) }
    }
}

impl HttpClient for SdkHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for SdkHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.client.clone();
        HttpConnectorFuture::new(async move {
            let client = client.map_err(|error| ConnectorError::other(error.into(), None))?;
            let response = client.execute(outgoing(request)?).await.map_err(failure)?;
            let response = http::Response::from(response).map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn outgoing(request: HttpRequest) -> Result<Request, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let Some(body) = body.bytes().map(Bytes::copy_from_slice) else {
        return Err(ConnectorError::user("a streaming body is not supported".into()));
    };
    Request::try_from(http::Request::from_parts(parts, body))
        .map_err(|error| ConnectorError::user(error.into()))
}

/// The SDK's form of the error. The text names the whole URL, which contains no secret.
fn failure(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
