//! The client of one bucket, on the process's HTTP client.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, Error, RetryConfig};

use crate::aws::{AwsSettings, TrustedRoots, https};
use crate::store::StoreError;

/// The time limit of one request. An object of a batch is a few megabytes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Makes a client; no request is sent yet.
pub(super) fn client(bucket: &str, aws: &AwsSettings) -> Result<AmazonS3, StoreError> {
    let client = builder(bucket, aws).build();
    client.map_err(|source| StoreError::Connect { bucket: bucket.to_owned(), source: source.into() })
}

/// Makes `object_store` use the process's HTTP client.
#[derive(Debug)]
struct Connector {
    endpoint_url: Option<String>,
    trusted_roots: TrustedRoots,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = https::client_builder(self.endpoint_url.as_deref(), &self.trusted_roots)
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build();
        client
            .map(HttpClient::new)
            .map_err(|source| Error::Generic { store: "HTTP client", source: source.into() })
    }
}

fn builder(bucket: &str, aws: &AwsSettings) -> AmazonS3Builder {
    let endpoint = aws.s3_endpoint_url.as_deref();
    let plain = endpoint.is_some_and(|url| url.starts_with("http://"));
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&aws.region)
        .with_client_options(ClientOptions::new().with_allow_http(plain))
        .with_http_connector(Connector {
            endpoint_url: aws.s3_endpoint_url.clone(),
            trusted_roots: aws.trusted_roots.clone(),
        })
        // A certificate for `*.s3` does not cover a bucket with dots.
        .with_virtual_hosted_style_request(endpoint.is_none() && !bucket.contains('.'))
        // object_store's own retries would mistake our first write for somebody else's, and a 409 for an
        // object that exists.
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() });
    if let Some(url) = endpoint {
        builder = builder.with_endpoint(url);
    }
    if let Some(keys) = &aws.credentials {
        builder =
            builder.with_access_key_id(&keys.access_key_id).with_secret_access_key(&keys.secret_access_key);
        if let Some(token) = &keys.session_token {
            builder = builder.with_token(token);
        }
    }
    #[cfg(feature = "sdk")]
    if let (None, Some(provider)) = (&aws.credentials, &aws.credentials_of.0) {
        builder = builder.with_credentials(super::keys::keys_of(provider));
    }
    builder
}
