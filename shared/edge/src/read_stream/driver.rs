//! Makes the calls that the plan asks for, as an async stream.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{self, FuturesUnordered, Stream, StreamExt};
use tokio::time::{Duration, Instant, sleep_until};

use crate::aws::kinesis_consumer::StreamConsumer;
use crate::aws::kinesis_reader::{ReaderError, Start, StreamReader};
use crate::clock::now_ms;
use crate::logging::chain;

use super::calls::{Answer, Call, Place, Step, Trouble, Verdict};
use super::plan::{Plan, PlanError};
use super::{Batch, Event, ReadSettings};

/// Why reading a stream ended before its bounds.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The service does not answer or does not permit the call.
    #[error(transparent)]
    Service(#[from] ReaderError),
    /// The stream does not have what was asked for.
    #[error(transparent)]
    Asked(#[from] PlanError),
}

/// Reads a stream: every shard, parents before their children, and each record once. It ends when a bound of
/// `settings` is reached, when all shards are at their end, or when a call fails for good, in which case the
/// error is the last item. It waits out an expired iterator, throttling and an outage of less than a minute.
/// Dropping the stream ends it.
pub fn read_stream(
    reader: StreamReader,
    stream: &str,
    settings: ReadSettings,
) -> impl Stream<Item = Result<Event, ReadError>> + Send + use<> {
    Driver::new(Source::Polled(reader), stream, settings).into_events()
}

/// Reads a stream as [`read_stream`] does, but through the subscriptions of a consumer with enhanced fan-out: the
/// shards push their records, which takes no reads from other readers. A subscription that ends is renewed from where
/// it ended.
pub fn read_pushed_stream(
    consumer: Arc<StreamConsumer>,
    stream: &str,
    settings: ReadSettings,
) -> impl Stream<Item = Result<Event, ReadError>> + Send + use<> {
    Driver::new(Source::Pushed(consumer), stream, settings).into_events()
}

/// Where records come from.
#[derive(Clone)]
enum Source {
    Polled(StreamReader),
    Pushed(Arc<StreamConsumer>),
}

type Outcome = (Call, Result<Answer, ReaderError>);

struct Driver {
    source: Source,
    stream: String,
    plan: Plan,
    calls: FuturesUnordered<BoxFuture<'static, Outcome>>,
    events: VecDeque<Event>,
    left: Option<u64>,
    deadline: Option<Instant>,
    /// One moment on both clocks, so that the plan's time never goes backwards.
    started: (Instant, i64),
    is_over: bool,
}

impl Driver {
    fn new(source: Source, stream: &str, settings: ReadSettings) -> Self {
        let (left, deadline) = (settings.max_records, settings.deadline);
        let plan = Plan::new(settings, now_ms(), fastrand::u64(..));
        Self {
            plan: if matches!(source, Source::Pushed(_)) { plan.pushed() } else { plan },
            source,
            stream: stream.to_owned(),
            left,
            deadline,
            started: (Instant::now(), now_ms()),
            calls: FuturesUnordered::new(),
            events: VecDeque::new(),
            is_over: false,
        }
    }

    fn into_events(self) -> impl Stream<Item = Result<Event, ReadError>> + Send + use<> {
        stream::unfold(self, |mut driver| async move { driver.next().await.map(|event| (event, driver)) })
    }

    async fn next(&mut self) -> Option<Result<Event, ReadError>> {
        loop {
            let is_late = self.deadline.is_some_and(|deadline| deadline <= Instant::now());
            if self.is_over || is_late || self.left == Some(0) {
                return None;
            }
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(self.within_count(event)));
            }
            let outcome = match self.plan.next(self.now_ms()) {
                Step::Ask(call) => {
                    self.calls.push(ask(self.source.clone(), self.stream.clone(), call));
                    continue;
                }
                Step::Until(at_ms) => self.outcome(Some(at_ms)).await,
                Step::Answers => self.outcome(None).await,
                Step::Done => return None,
            };
            if let Some(outcome) = outcome
                && let Err(error) = self.take(outcome)
            {
                self.is_over = true;
                return Some(Err(error));
            }
        }
    }

    /// The next answer; `None` if the time or the deadline comes first.
    async fn outcome(&mut self, until_ms: Option<i64>) -> Option<Outcome> {
        let (started, started_ms) = self.started;
        let due = until_ms
            .map(|at_ms| started + Duration::from_millis(u64::try_from(at_ms - started_ms).unwrap_or(0)));
        let until = due.into_iter().chain(self.deadline).min();
        let time = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }
        };
        let answer = async {
            match self.calls.next().await {
                Some(outcome) => outcome,
                None => pending().await,
            }
        };
        tokio::select! {
            outcome = answer => Some(outcome),
            () = time => None,
        }
    }

    fn take(&mut self, (call, answer): Outcome) -> Result<(), ReadError> {
        let now_ms = self.now_ms();
        match answer {
            Ok(answer) => self.events.extend(self.plan.answered(&call, answer, now_ms)?),
            Err(error) => match self.plan.failed(&call, trouble(&error), now_ms) {
                Verdict::GiveUp => return Err(error.into()),
                Verdict::Again { is_first: true } => {
                    let shard = match call {
                        Call::List => None,
                        Call::Iterator { shard, .. } | Call::Read { shard, .. } => Some(shard),
                    };
                    self.events.push_back(Event::Waits { shard, reason: chain(&error) });
                }
                Verdict::Again { .. } => {}
            },
        }
        Ok(())
    }

    /// The event without the records that exceed the count.
    fn within_count(&mut self, mut event: Event) -> Event {
        if let (Some(left), Event::Records(Batch { records, .. })) = (&mut self.left, &mut event) {
            records.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left = left.saturating_sub(records.len() as u64);
        }
        event
    }

    fn now_ms(&self) -> i64 {
        let (started, started_ms) = self.started;
        started_ms.saturating_add(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

fn ask(source: Source, stream: String, call: Call) -> BoxFuture<'static, Outcome> {
    Box::pin(async move {
        let answer = match &source {
            Source::Polled(reader) => poll(reader, &stream, &call).await,
            Source::Pushed(consumer) => take(consumer, &stream, &call).await,
        };
        (call, answer)
    })
}

async fn poll(reader: &StreamReader, stream: &str, call: &Call) -> Result<Answer, ReaderError> {
    match call {
        Call::List => reader.shards(stream).await.map(Answer::Shards),
        Call::Iterator { shard, place } => {
            reader.iterator(stream, shard, &start(place)).await.map(Answer::Iterator)
        }
        Call::Read { iterator, .. } => reader.read(iterator, READ_RECORDS).await.map(Answer::Page),
    }
}

/// Answers a call from a subscription, which takes the place of an iterator, and each of its events that of a read.
async fn take(consumer: &StreamConsumer, stream: &str, call: &Call) -> Result<Answer, ReaderError> {
    match call {
        Call::List => consumer.reader().shards(stream).await.map(Answer::Shards),
        Call::Iterator { shard, place } => {
            consumer.subscribe(shard, &start(place)).await.map(|()| Answer::Iterator(String::new()))
        }
        Call::Read { shard, .. } => consumer.next(shard).await.map(Answer::Page),
    }
}

/// The most records that one read may return.
const READ_RECORDS: u16 = 10_000;

fn start(place: &Place) -> Start<'_> {
    match place {
        Place::Oldest => Start::TrimHorizon,
        Place::Latest => Start::Latest,
        Place::Time(at_ms) => Start::Timestamp(*at_ms),
        Place::At(number) => Start::At(number),
        Place::After(number) => Start::After(number),
    }
}

fn trouble(error: &ReaderError) -> Trouble {
    match error {
        ReaderError::Throttled { .. } => Trouble::Throttled,
        ReaderError::ExpiredIterator => Trouble::Expired,
        ReaderError::NotFound { .. } => Trouble::Gone,
        error if error.is_retryable() => Trouble::Again,
        ReaderError::Failed { .. } => Trouble::Fatal,
    }
}
