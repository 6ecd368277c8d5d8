//! A bucket or a stream that takes its time for each operation.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edge::put_records::{Entry, EntryOutcome, RecordSink, ShardMap, SinkError, StreamSummary};
use edge::store::{
    Attributes, Created, ETag, Listed, Object, ObjectHead, ObjectStore, RangeRead, Replaced, StoreError,
};

/// How long an operation takes, by its name.
pub(crate) type Latency = Arc<dyn Fn(&'static str) -> Duration + Send + Sync>;

pub(crate) struct Slow<T> {
    inner: Arc<T>,
    latency: Latency,
}

impl<T> Clone for Slow<T> {
    fn clone(&self) -> Self {
        Self::new(&self.inner, &self.latency)
    }
}

impl<T> Slow<T> {
    pub(crate) fn new(inner: &Arc<T>, latency: &Latency) -> Self {
        Self { inner: Arc::clone(inner), latency: Arc::clone(latency) }
    }

    async fn takes_its_time(&self, operation: &'static str) {
        let latency = (self.latency)(operation);
        if latency > Duration::ZERO {
            tokio::time::sleep(latency).await;
        }
    }
}

impl<S: ObjectStore> ObjectStore for Slow<S> {
    async fn create(&self, key: &str, body: Bytes, attributes: &Attributes) -> Result<Created, StoreError> {
        self.takes_its_time("create").await;
        self.inner.create(key, body, attributes).await
    }

    async fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Replaced, StoreError> {
        self.takes_its_time("replace").await;
        self.inner.replace(key, etag, body, attributes).await
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.takes_its_time("get").await;
        self.inner.get(key).await
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, StoreError> {
        self.takes_its_time("head").await;
        self.inner.head(key).await
    }

    async fn read_range(&self, key: &str, etag: &ETag, range: Range<u64>) -> Result<RangeRead, StoreError> {
        self.takes_its_time("read").await;
        self.inner.read_range(key, etag, range).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        self.takes_its_time("list").await;
        self.inner.list(prefix, after).await
    }
}

impl<K: RecordSink> RecordSink for Slow<K> {
    async fn put(&self, entries: &[Entry]) -> Result<Vec<EntryOutcome>, SinkError> {
        self.takes_its_time("put").await;
        self.inner.put(entries).await
    }

    async fn shards(&self) -> Result<ShardMap, SinkError> {
        self.takes_its_time("shards").await;
        self.inner.shards().await
    }

    async fn summary(&self) -> Result<StreamSummary, SinkError> {
        self.takes_its_time("summary").await;
        self.inner.summary().await
    }
}
