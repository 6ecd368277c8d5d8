//! A folder with growing logs, and an endpoint on which their records are put.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use edge::aws::kinesis_reader::{Start, StreamReader};
use record_model::{Content, Decoder, Limits};

use super::{AT_MOST, SCHEMA, STREAM};
use crate::streams::{self, Endpoint};

/// A folder with a configuration, a schema and logs.
pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) endpoint: Endpoint,
    reader: StreamReader,
}

impl Scene {
    pub(super) async fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        fs::write(folder.path().join("events.toml"), SCHEMA).unwrap();
        fs::write(folder.path().join("follow.toml"), config).unwrap();
        let endpoint = streams::endpoint().await;
        let reader = streams::stream(&endpoint, STREAM, 2).await;
        Self { folder, endpoint, reader }
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(name)
    }

    pub(super) fn append(&self, name: &str, text: &str) {
        let mut log = OpenOptions::new().create(true).append(true).open(self.log(name)).unwrap();
        log.write_all(text.as_bytes()).unwrap();
    }

    pub(super) fn follow(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinflow"));
        command.args(["put", "--follow"]).arg(self.folder.path().join("follow.toml"));
        command.args(["--endpoint-url", self.endpoint.url()]).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Reads every record of the stream.
    pub(super) async fn records(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut decoder = Decoder::new(Limits::default());
        for shard in ["shardId-000000000000", "shardId-000000000001"] {
            let mut iterator = self.reader.iterator(STREAM, shard, &Start::TrimHorizon).await.unwrap();
            loop {
                let page = self.reader.read(&iterator, 10_000).await.unwrap();
                if page.records.is_empty() && page.millis_behind_latest == 0 {
                    break;
                }
                for record in page.records {
                    decoder.start_batch();
                    let visit = &mut |record: record_model::UserRecord<'_>| match record.content.unwrap() {
                        Content::Payload(payload) => found.push(payload.to_vec()),
                        Content::Chunk(_) => panic!("a chunk"),
                    };
                    decoder.decode(&record.data, visit).unwrap();
                }
                iterator = page.next_iterator.unwrap();
            }
        }
        found
    }

    /// Waits until the stream has the wanted records. Fails if the process ends before.
    pub(super) async fn until(&self, process: &mut Child, has: impl Fn(&[Vec<u8>]) -> bool) -> Vec<Vec<u8>> {
        let begun = Instant::now();
        loop {
            let records = self.records().await;
            if has(&records) {
                return records;
            }
            assert!(process.try_wait().unwrap().is_none(), "it ended by itself");
            assert!(begun.elapsed() < AT_MOST, "{} records came", records.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
