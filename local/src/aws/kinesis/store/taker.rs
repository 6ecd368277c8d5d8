//! A taker in this process. It reads the store's files, and keeps its places in them.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::description::{Description, Shard};

use super::frame::Record;
use super::log::Limit;
use super::number::{self, SequenceNumber};
use super::places::{Places, folder_of};
use super::read::Start;
use super::stream::Stream;
use crate::aws::stream::{Page, PageLimit, Place, SourceRecord, SourceShard, StreamError, StreamSource};

const TAKERS: &str = "takers";

/// One taker of one stream.
#[derive(Clone)]
pub(crate) struct Taker {
    stream: Arc<Stream>,
    places: Arc<Places>,
    /// Notified about every place that is passed.
    passed: watch::Sender<u64>,
}

impl Taker {
    /// The taker with this name, at the place where an earlier process left it, or at `start` if there was
    /// none.
    pub(super) fn open(
        stream: &Arc<Stream>,
        name: &str,
        start: Start,
        passed: watch::Sender<u64>,
    ) -> Result<Self, StreamError> {
        let description = stream.description();
        let begin = || {
            let mut starts = std::collections::BTreeMap::new();
            for shard in description.shards.iter().filter(|_| start != Start::TrimHorizon) {
                starts.extend(stream.position(shard.index, start)?.map(|counter| (shard.index, counter)));
            }
            Ok::<_, Refused>(starts)
        };
        let folder = folder_of(&stream.folder.join(TAKERS), name);
        let places = Places::open(folder, begin).map_err(|refused| refused.in_stream(stream))?;
        for shard in &description.shards {
            let next_of =
                |after: &str| counter_in(&description, shard.index, after).map(|counter| counter + 1);
            places.take_up(shard.index, next_of).map_err(stream.storage())?;
            stream.keep_numbers_from(shard.index, name, places.next(shard.index));
        }
        let places = Arc::new(places);
        super::lock::lock(&stream.takers).insert(name.to_owned(), Arc::clone(&places));
        Ok(Self { stream: Arc::clone(stream), places, passed })
    }

    pub(super) fn listed(&self) -> Result<Vec<SourceShard>, StreamError> {
        self.stream.log(0)?; // the stream is there
        Ok(self.stream.with(|stream| {
            let id_of = |parent: &u32| stream.shard(*parent).map(Shard::id);
            let listed = |shard: &Shard| SourceShard {
                id: shard.id(),
                parents: shard.parents.iter().filter_map(id_of).collect(),
            };
            stream.shards.iter().map(listed).collect()
        }))
    }

    /// The index of one of the stream's shards.
    fn shard(&self, id: &str) -> Result<u32, StreamError> {
        let log = self.stream.log_of(id)?;
        log.map(|log| log.index).ok_or_else(|| self.stream.not_found())
    }

    pub(super) fn page(
        &self,
        shard: &str,
        after: Option<&str>,
        limit: PageLimit,
    ) -> Result<Page, StreamError> {
        let index = self.shard(shard)?;
        let description = self.stream.description();
        let from = match after {
            Some(after) => counter_in(&description, index, after)
                .map(|counter| counter + 1)
                .ok_or_else(|| self.stream.no_number(after))?,
            None => self.places.start(index),
        };
        let limit = Limit { records: limit.records, bytes: limit.bytes };
        let found = self.stream.read(index, from, limit)?;
        let record = |record: Record| SourceRecord {
            sequence_number: description.origin.number(place(index, record.counter)).to_string(),
            partition_key: record.partition_key,
            data: record.data,
            arrived_at: i64::try_from(record.arrived_ms).unwrap_or(i64::MAX),
        };
        Ok(Page { records: found.records.into_iter().map(record).collect(), is_end: found.is_end })
    }

    pub(super) fn keep(&self, shard: &str, place: Place) -> Result<(), StreamError> {
        let index = self.shard(shard)?;
        let next = match &place.after {
            Some(after) => {
                self.stream.with(|stream| counter_in(stream, index, after)).map(|counter| counter + 1)
            }
            None => Some(self.places.start(index)),
        };
        let next = next.ok_or_else(|| self.stream.no_number(place.after.as_deref().unwrap_or_default()))?;
        self.places.pass(index, place, next).map_err(self.stream.storage())?;
        self.passed.send_modify(|passed| *passed += 1);
        Ok(())
    }
}

impl StreamSource for Taker {
    fn shards(&self) -> BoxFuture<'_, Result<Vec<SourceShard>, StreamError>> {
        std::future::ready(self.listed()).boxed()
    }

    fn place(&self, shard: &str) -> Result<Place, StreamError> {
        Ok(self.places.place(self.shard(shard)?))
    }

    fn read<'a>(
        &'a self,
        shard: &'a str,
        after: Option<&'a str>,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, StreamError>> {
        let (taker, shard, after) = (self.clone(), shard.to_owned(), after.map(str::to_owned));
        blocking(move || taker.page(&shard, after.as_deref(), limit))
    }

    fn pass<'a>(&'a self, shard: &'a str, place: Place) -> BoxFuture<'a, Result<(), StreamError>> {
        let (taker, shard) = (self.clone(), shard.to_owned());
        blocking(move || taker.keep(&shard, place))
    }

    fn changed(&self, seen: u64) -> BoxFuture<'_, u64> {
        let mut versions = self.stream.versions();
        async move {
            let newer = versions.wait_for(|version| *version > seen).await;
            newer.map_or(seen, |version| *version)
        }
        .boxed()
    }
}

/// Runs work on files away from the tasks that must not block. A panic is passed on to the caller. If the
/// runtime ends before the work began, the caller ends with it.
pub(crate) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> BoxFuture<'static, T> {
    async {
        match spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_cancelled) => std::future::pending().await,
            },
        }
    }
    .boxed()
}

fn place(shard: u32, counter: u64) -> number::Place {
    number::Place { shard, counter }
}

/// The counter of a sequence number of this shard.
pub(crate) fn counter_in(stream: &Description, shard: u32, number: &str) -> Option<u64> {
    let place = stream.origin.place(SequenceNumber::parse(number)?)?;
    (place.shard == shard).then_some(place.counter)
}

/// Why a taker can't begin.
enum Refused {
    Stream(StreamError),
    File(std::io::Error),
}

impl Refused {
    fn in_stream(self, stream: &Stream) -> StreamError {
        match self {
            Self::Stream(error) => error,
            Self::File(error) => stream.storage()(error),
        }
    }
}

impl From<std::io::Error> for Refused {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl From<StreamError> for Refused {
    fn from(error: StreamError) -> Self {
        Self::Stream(error)
    }
}

impl Stream {
    fn no_number(&self, number: &str) -> StreamError {
        let message = format!("{number:?} is not a sequence number of the shard");
        self.storage()(std::io::Error::new(std::io::ErrorKind::InvalidInput, message))
    }
}
