//! A stream in memory, whose places outlive the process that reads it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::aws::stream::{Page, PageLimit, Place, SourceRecord, SourceShard, StreamError, StreamSource};

pub(super) struct MemoryStream {
    shards: Mutex<BTreeMap<String, Shard>>,
    version: watch::Sender<u64>,
}

#[derive(Default)]
struct Shard {
    parents: Vec<String>,
    records: Vec<SourceRecord>,
    is_closed: bool,
    place: Place,
}

impl MemoryStream {
    pub(super) fn new(shards: &[&str]) -> Arc<Self> {
        let shards = shards.iter().map(|id| ((*id).to_owned(), Shard::default())).collect();
        Arc::new(Self { shards: Mutex::new(shards), version: watch::Sender::new(0) })
    }

    pub(super) fn put(&self, shard: &str, number: u64, key: &str) {
        let record = SourceRecord {
            sequence_number: number.to_string(),
            partition_key: key.to_owned(),
            data: Bytes::from_static(b"data"),
            arrived_at: 1_000,
        };
        self.shards.lock().unwrap().get_mut(shard).unwrap().records.push(record);
        self.version.send_modify(|version| *version += 1);
    }

    pub(super) fn split(&self, parent: &str, children: &[&str]) {
        let mut shards = self.shards.lock().unwrap();
        shards.get_mut(parent).unwrap().is_closed = true;
        for child in children {
            let parents = vec![parent.to_owned()];
            shards.insert((*child).to_owned(), Shard { parents, ..Shard::default() });
        }
        self.version.send_modify(|version| *version += 1);
    }

    pub(super) fn delete(&self) {
        self.shards.lock().unwrap().clear();
        self.version.send_modify(|version| *version += 1);
    }

    pub(super) fn after(&self, shard: &str) -> Option<String> {
        self.shards.lock().unwrap()[shard].place.after.clone()
    }

    pub(super) fn is_finished(&self, shard: &str) -> bool {
        self.shards.lock().unwrap()[shard].place.finished
    }

    fn with<T>(&self, shard: &str, use_it: impl FnOnce(&mut Shard) -> T) -> Result<T, StreamError> {
        let mut shards = self.shards.lock().unwrap();
        let shard = shards.get_mut(shard);
        shard.map(use_it).ok_or_else(|| StreamError::NotFound { stream: "S".to_owned() })
    }
}

impl StreamSource for MemoryStream {
    fn shards(&self) -> BoxFuture<'_, Result<Vec<SourceShard>, StreamError>> {
        let shards = self.shards.lock().unwrap();
        let shard =
            |(id, shard): (&String, &Shard)| SourceShard { id: id.clone(), parents: shard.parents.clone() };
        let all = shards.iter().map(shard).collect();
        Box::pin(async { Ok(all) })
    }

    fn place(&self, shard: &str) -> Result<Place, StreamError> {
        self.with(shard, |shard| shard.place.clone())
    }

    fn read<'a>(
        &'a self,
        shard: &'a str,
        after: Option<&'a str>,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, StreamError>> {
        let after: Option<u64> = after.map(|after| after.parse().unwrap());
        let page = self.with(shard, |shard| {
            let is_behind = |record: &&SourceRecord| Some(record.sequence_number.parse().unwrap()) > after;
            let rest: Vec<&SourceRecord> = shard.records.iter().filter(is_behind).collect();
            let records: Vec<SourceRecord> =
                rest.iter().take(limit.records).map(|record| (*record).clone()).collect();
            Page { is_end: shard.is_closed && records.len() == rest.len(), records }
        });
        Box::pin(async { page })
    }

    fn pass<'a>(&'a self, shard: &'a str, place: Place) -> BoxFuture<'a, Result<(), StreamError>> {
        let passed = self.with(shard, |shard| shard.place = place);
        Box::pin(async { passed })
    }

    fn changed(&self, seen: u64) -> BoxFuture<'_, u64> {
        let mut versions = self.version.subscribe();
        Box::pin(async move { *versions.wait_for(|version| *version > seen).await.unwrap() })
    }
}
