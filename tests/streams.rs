//! A Kinesis endpoint on a temporary folder, with our own clients.

use edge::aws::kinesis_reader::StreamReader;
use edge::aws::{AwsCredentials, AwsSettings, KinesisSink};
use local::{KinesisEndpoint, StreamStore};
use tempfile::TempDir;

pub(crate) struct Endpoint {
    pub(crate) kinesis: KinesisEndpoint,
    pub(crate) folder: TempDir,
}

impl Endpoint {
    pub(crate) fn url(&self) -> &str {
        self.kinesis.url()
    }

    pub(crate) async fn shutdown(self) {
        self.kinesis.shutdown().await;
    }
}

/// Starts an endpoint on any free port, without streams.
pub(crate) async fn endpoint() -> Endpoint {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    Endpoint { kinesis: KinesisEndpoint::start(0, store).await.unwrap(), folder }
}

/// Connects to a stream of the endpoint for putting.
pub(super) fn sink(endpoint: &Endpoint, stream: &str) -> KinesisSink {
    let keys = AwsCredentials {
        access_key_id: "any".to_owned(),
        secret_access_key: "any".to_owned(),
        session_token: None,
    };
    let aws = AwsSettings {
        region: "eu-west-1".to_owned(),
        credentials: Some(keys),
        kinesis_endpoint_url: Some(endpoint.url().to_owned()),
        ..AwsSettings::default()
    };
    KinesisSink::connect(stream, &aws)
}

/// Creates a stream, and connects to it for reading.
pub(super) async fn stream(endpoint: &Endpoint, name: &str, shards: u32) -> StreamReader {
    let reader = StreamReader::local(endpoint.url());
    reader.create_stream(name, shards).await.unwrap();
    while !reader.is_active(name).await.unwrap() {
        tokio::task::yield_now().await;
    }
    reader
}
