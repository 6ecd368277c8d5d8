//! The endpoint: its options, its address and its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::api;
use super::store::{Now, StreamStore, blocking};
use crate::aws::loopback::{Doors, EndpointError, Loopback};

/// How often records past the retention of their stream, which is a day or more, are removed.
const RETENTION_CHECK: Duration = Duration::from_mins(1);

/// A Kinesis endpoint on 127.0.0.1. Its streams belong to the store and remain when it ends.
pub struct KinesisEndpoint {
    server: Loopback,
    url: String,
    retention: JoinHandle<()>,
}

/// The options of a Kinesis endpoint.
#[derive(Debug, Clone, Default)]
pub struct KinesisOptions {
    /// The port; 0 means any free one.
    pub port: u16,
    /// Whether each shard takes at most 1,000 records and 1 MiB a second, allows 5 reads and 2 MiB a second,
    /// as in AWS, and refuses the rest. Otherwise a shard takes and gives as much as the machine can.
    pub throttles: bool,
    /// The origins of web pages that may call it, such as `http://localhost:5173`. All others are refused.
    pub allowed_origins: Vec<String>,
}

impl KinesisEndpoint {
    /// Starts on the port; 0 means any free one. It is ready when this returns.
    pub async fn start(port: u16, store: Arc<StreamStore>) -> Result<Self, EndpointError> {
        Self::start_with(KinesisOptions { port, ..KinesisOptions::default() }, store).await
    }

    /// Starts with these options. It is ready when this returns.
    pub async fn start_with(options: KinesisOptions, store: Arc<StreamStore>) -> Result<Self, EndpointError> {
        let router = api::router(Arc::clone(&store), options.throttles);
        let server = Loopback::serve(options.port, router, Doors::loopback(options.allowed_origins)).await?;
        let url = format!("http://{}", server.address());
        Ok(Self { server, url, retention: tokio::spawn(keep_retention(store)) })
    }

    /// Returns the value of `AWS_ENDPOINT_URL_KINESIS` for a client.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it serves, for the endpoint of all services.
    pub(crate) fn router(&self) -> axum::Router {
        self.server.router()
    }

    /// Stops accepting requests and answers the open ones.
    pub async fn shutdown(self) {
        self.retention.abort();
        self.server.shutdown().await;
    }
}

async fn keep_retention(store: Arc<StreamStore>) {
    let store = Arc::downgrade(&store);
    let mut checks = tokio::time::interval(RETENTION_CHECK);
    loop {
        checks.tick().await;
        let Some(store) = store.upgrade() else { return };
        blocking(move || store.trim(Now::system())).await;
    }
}
