//! A [`StreamSource`] that reads through an endpoint, as any client does. Its places live as long as the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edge::aws::kinesis_reader::{ReaderError, Start, StreamReader};
use futures::future::BoxFuture;

use super::source::{Page, PageLimit, Place, SourceRecord, SourceShard, StreamError, StreamSource};

/// Between two looks for something new.
const IDLE: Duration = Duration::from_millis(50);
/// Before the next try of a call that failed.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
/// Tries of one call before it counts as failed for good.
const MAX_TRIES: u32 = 20;

/// One taker's view of a stream behind an endpoint.
pub(crate) struct OverHttp {
    reader: StreamReader,
    stream: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    places: BTreeMap<String, Place>,
    /// For each shard, the iterator that goes on after this sequence number.
    iterators: BTreeMap<String, (Option<String>, String)>,
}

impl OverHttp {
    pub(crate) fn new(reader: StreamReader, stream: String) -> Self {
        Self { reader, stream, state: Mutex::default() }
    }

    /// Whether the taker has passed every record that the stream holds now.
    pub(crate) async fn is_drained(&self) -> Result<bool, StreamError> {
        for shard in self.shards().await? {
            let place = self.place(&shard.id)?;
            if place.finished {
                continue;
            }
            let limit = PageLimit { records: 1, bytes: 1 };
            let page = self.page(&shard.id, place.after.as_deref(), limit).await?;
            if page.is_end || !page.records.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn page(&self, shard: &str, after: Option<&str>, limit: PageLimit) -> Result<Page, StreamError> {
        let limit = u16::try_from(limit.records.clamp(1, 10_000)).unwrap_or(1);
        let mut tries = 0;
        let page = loop {
            tries += 1;
            match self.try_page(shard, after, limit).await {
                Ok(page) => break page,
                Err(ReaderError::NotFound { .. }) => {
                    return Err(StreamError::NotFound { stream: self.stream.clone() });
                }
                Err(error) if tries == MAX_TRIES => return Err(self.failed(error)),
                Err(error) => {
                    tracing::debug!(shard, %error, "a read is tried again");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        };
        let is_end = page.next_iterator.is_none();
        let records: Vec<SourceRecord> = page
            .records
            .into_iter()
            .map(|record| SourceRecord {
                sequence_number: record.sequence_number,
                partition_key: record.partition_key,
                data: record.data,
                arrived_at: record.arrived_at_ms,
            })
            .collect();
        Ok(Page { records, is_end })
    }

    async fn try_page(
        &self,
        shard: &str,
        after: Option<&str>,
        limit: u16,
    ) -> Result<edge::aws::kinesis_reader::Page, ReaderError> {
        let kept = self.state().iterators.remove(shard).filter(|(place, _)| place.as_deref() == after);
        let iterator = match kept {
            Some((_, iterator)) => iterator,
            None => {
                let start = after.map_or(Start::TrimHorizon, Start::After);
                self.reader.iterator(&self.stream, shard, &start).await?
            }
        };
        let page = self.reader.read(&iterator, limit).await?;
        if let Some(next) = &page.next_iterator {
            let last = page.records.last().map(|record| record.sequence_number.clone());
            let place = last.or_else(|| after.map(ToOwned::to_owned));
            self.state().iterators.insert(shard.to_owned(), (place, next.clone()));
        }
        Ok(page)
    }

    fn failed(&self, source: ReaderError) -> StreamError {
        StreamError::Endpoint { stream: self.stream.clone(), source }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamSource for OverHttp {
    fn shards(&self) -> BoxFuture<'_, Result<Vec<SourceShard>, StreamError>> {
        Box::pin(async {
            let shards = self.reader.shards(&self.stream).await.map_err(|error| self.failed(error))?;
            let is_there = |id: &String| shards.iter().any(|shard| shard.id == *id);
            let known = shards.iter().map(|shard| SourceShard {
                id: shard.id.clone(),
                parents: shard.parents.iter().filter(|id| is_there(id)).cloned().collect(),
            });
            Ok(known.collect())
        })
    }

    fn place(&self, shard: &str) -> Result<Place, StreamError> {
        Ok(self.state().places.get(shard).cloned().unwrap_or_default())
    }

    fn read<'a>(
        &'a self,
        shard: &'a str,
        after: Option<&'a str>,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, StreamError>> {
        Box::pin(self.page(shard, after, limit))
    }

    fn pass<'a>(&'a self, shard: &'a str, place: Place) -> BoxFuture<'a, Result<(), StreamError>> {
        self.state().places.insert(shard.to_owned(), place);
        Box::pin(async { Ok(()) })
    }

    fn changed(&self, seen: u64) -> BoxFuture<'_, u64> {
        Box::pin(async move {
            tokio::time::sleep(IDLE).await;
            seen.saturating_add(1)
        })
    }
}
