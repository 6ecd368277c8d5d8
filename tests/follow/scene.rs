//! A folder with growing logs, and an endpoint on which their records are put.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use edge::aws::kinesis_reader::{Start, StreamReader};
use record_model::{Content, Decoder, Limits};
use tokio::sync::Mutex;

use super::{AT_MOST, SCHEMA, STREAM};
use crate::streams::{self, Endpoint};

/// A folder with a configuration, a schema and logs.
pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) endpoint: Endpoint,
    reader: StreamReader,
    read: Mutex<Read>,
}

/// What was read of the stream.
struct Read {
    /// Where reading goes on in each shard.
    iterators: [(&'static str, Option<String>); 2],
    found: Vec<Vec<u8>>,
}

impl Scene {
    pub(super) async fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        fs::write(folder.path().join("events.toml"), SCHEMA).unwrap();
        fs::write(folder.path().join("follow.toml"), config).unwrap();
        let endpoint = streams::endpoint().await;
        let reader = streams::stream(&endpoint, STREAM, 2).await;
        let iterators = [("shardId-000000000000", None), ("shardId-000000000001", None)];
        Self { folder, endpoint, reader, read: Mutex::new(Read { iterators, found: Vec::new() }) }
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

    /// Every record of the stream.
    pub(super) async fn records(&self) -> Vec<Vec<u8>> {
        let mut read = self.read.lock().await;
        self.read_on(&mut read).await;
        read.found.clone()
    }

    /// Reads what came since the last time.
    async fn read_on(&self, read: &mut Read) {
        let mut decoder = Decoder::new(Limits::default());
        let Read { iterators, found } = read;
        for (shard, next) in iterators {
            let mut iterator = match next.take() {
                Some(iterator) => iterator,
                None => self.reader.iterator(STREAM, shard, &Start::TrimHorizon).await.unwrap(),
            };
            loop {
                let page = self.reader.read(&iterator, 10_000).await.unwrap();
                iterator = page.next_iterator.unwrap();
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
            }
            *next = Some(iterator);
        }
    }

    /// Waits until the stream has the wanted records. Fails if the process ends before, or if nothing comes for long.
    pub(super) async fn until(&self, process: &mut Child, has: impl Fn(&[Vec<u8>]) -> bool) -> Vec<Vec<u8>> {
        let (mut read, mut seen, mut since) = (self.read.lock().await, None, Instant::now());
        loop {
            self.read_on(&mut read).await;
            if seen != Some(read.found.len()) {
                (seen, since) = (Some(read.found.len()), Instant::now());
                if has(&read.found) {
                    return read.found.clone();
                }
            }
            assert!(process.try_wait().unwrap().is_none(), "it ended by itself");
            assert!(since.elapsed() < AT_MOST, "{} records came", read.found.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
