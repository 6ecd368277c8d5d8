//! The endpoint: what it is started with, where it is, how it ends.

use ferrokinesis::create_app;
use ferrokinesis::store::StoreOptions;

use super::gateway::Gateway;
use super::streams::Streams;
use crate::aws::loopback::{EndpointError, Loopback};

/// Open shards allowed over all streams.
const SHARD_LIMIT: u32 = 10_000;

/// How long a stream stays CREATING, UPDATING or DELETING: long enough for a client that waits for ACTIVE to see it.
const TRANSITION_MS: u64 = 10;

/// How often records older than a stream's retention, a day or more, are dropped. It looks at each record.
const RETENTION_CHECK_S: u64 = 3600;

/// A Kinesis endpoint on 127.0.0.1. Its streams live in memory and end with it.
pub struct KinesisEndpoint {
    server: Loopback,
    url: String,
}

impl KinesisEndpoint {
    /// Starts on the port; 0 takes any free one. Ready when it returns.
    pub async fn start(port: u16) -> Result<Self, EndpointError> {
        let (router, store) = create_app(options());
        let gateway = Gateway::new(router, Streams::new(store));
        let server = Loopback::serve(port, gateway.into_router()).await?;
        let url = format!("http://{}", server.address());
        Ok(Self { server, url })
    }

    /// The value of `AWS_ENDPOINT_URL_KINESIS` for a client.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it serves, for the endpoint of all services.
    pub(crate) fn router(&self) -> axum::Router {
        self.server.router()
    }

    /// Stops taking requests and answers those in hand.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

fn options() -> StoreOptions {
    StoreOptions {
        create_stream_ms: TRANSITION_MS,
        delete_stream_ms: TRANSITION_MS,
        update_stream_ms: TRANSITION_MS,
        shard_limit: SHARD_LIMIT,
        retention_check_interval_secs: RETENTION_CHECK_S,
        ..StoreOptions::default()
    }
}
