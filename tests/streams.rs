//! A Kinesis endpoint over a folder that goes with it.

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

/// An endpoint on any free port, without streams.
pub(crate) async fn endpoint() -> Endpoint {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    Endpoint { kinesis: KinesisEndpoint::start(0, store).await.unwrap(), folder }
}
