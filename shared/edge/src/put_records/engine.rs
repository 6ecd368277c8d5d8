//! The engine: it sends entries as fast as the stream takes them, and accounts for each of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::queue::{Batch, Next, Offered, Queue};
use super::{
    Entry, EntryError, EntryOutcome, MAX_ENTRIES, PutReport, RecordSink, ShardMap, ShardRate, SinkError,
    StopReason,
};

/// The engine's settings.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Entries of one request, at most [`MAX_ENTRIES`].
    pub request_entries: usize,
    /// The most bytes of one request, partition keys included. A single larger entry is sent alone. This is
    /// small in comparison with the service's 10 MiB, since a shard takes 1 MiB a second and each request is
    /// held in memory.
    pub request_bytes: usize,
    /// The most bytes of one entry with its partition key: the stream's `MaxRecordSizeInKiB`.
    pub record_bytes: usize,
    /// How many requests may be under way at once.
    pub requests_in_flight: usize,
    /// How many entries may wait to be sent or sent again. Beyond that, a push waits.
    pub waiting_entries: usize,
    /// How many bytes may wait to be sent or sent again. Beyond that, a push waits.
    pub waiting_bytes: usize,
    /// How long an entry waits for others to fill its request.
    pub linger: Duration,
    /// How long one entry is tried before it is given up.
    pub patience: Duration,
    /// Whether entries with the same partition key are stored in the order in which they were pushed. Each
    /// key then has at most one entry under way, since `PutRecords` promises no order.
    pub order_per_key: bool,
    /// The most that each shard is sent.
    pub shard_rate: Option<ShardRate>,
    /// When everything must be over. Requests that are still under way are then abandoned.
    pub deadline: Option<Instant>,
    /// No request is started if less time than this is left before the deadline, or less than a quarter of
    /// the whole time.
    pub last_call: Duration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            request_entries: MAX_ENTRIES,
            request_bytes: 1 << 20,
            record_bytes: 1 << 20,
            requests_in_flight: 4,
            waiting_entries: 4 * MAX_ENTRIES,
            waiting_bytes: 4 << 20,
            linger: Duration::from_millis(100),
            patience: Duration::from_mins(1),
            order_per_key: false,
            shard_rate: None,
            deadline: None,
            last_call: Duration::from_millis(500),
        }
    }
}

/// Puts entries to a sink until it is finished. Requests continue while the owner waits for other things.
/// Dropping the engine abandons them.
pub struct Engine {
    shared: Arc<Shared>,
    driver: Option<JoinHandle<PutReport>>,
    record_bytes: usize,
}

/// Why an entry was not accepted. If the run is over, [`Engine::finish`] says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EngineStopped {
    /// This entry can't be put to the stream at all. The engine continues.
    #[error("record can't be put")]
    Entry(#[from] EntryError),
    /// The entry was not taken: no more will be sent.
    #[error("no more records are sent in this run")]
    Stopped,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Something was pushed, or nothing more will be.
    pushed: Notify,
    /// There may be room again.
    room: Notify,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Starts a run on the current tokio runtime. Without shards nothing is predicted: there is no rate per
    /// shard, and a reshard is not noticed.
    pub fn new<S: RecordSink + 'static>(sink: S, settings: EngineSettings, shards: ShardMap) -> Self {
        let record_bytes = settings.record_bytes;
        let driver = Driver {
            deadline: settings.deadline,
            last_call: settings.last_call,
            requests_in_flight: settings.requests_in_flight,
            sink: Arc::new(sink),
            shared: Arc::new(Shared {
                queue: Mutex::new(Queue::new(settings, shards, Instant::now())),
                pushed: Notify::new(),
                room: Notify::new(),
            }),
            on_their_way: HashMap::new(),
            requests: JoinSet::new(),
        };
        let shared = Arc::clone(&driver.shared);
        Self { shared, driver: Some(tokio::spawn(driver.run())), record_bytes }
    }

    /// Refuses what no stream accepts, as [`Engine::push`] does.
    pub fn check(&self, entry: &Entry) -> Result<(), EntryError> {
        entry.check(self.record_bytes)
    }

    /// Hands an entry over, and waits while there is no room. It returns long before the entry is sent.
    pub async fn push(&self, mut entry: Entry) -> Result<(), EngineStopped> {
        self.check(&entry)?;
        loop {
            let room = self.shared.room.notified();
            // This is not part of the match, which would keep the queue locked while it waits.
            let offered = self.shared.queue().offer(entry, Instant::now());
            match offered {
                Offered::Taken { wakes, rests } => {
                    if wakes {
                        self.shared.pushed.notify_one();
                    }
                    if wakes || rests {
                        // This lets the requests under way continue while the owner is busy.
                        tokio::task::yield_now().await;
                    }
                    return Ok(());
                }
                Offered::Stopped => return Err(EngineStopped::Stopped),
                Offered::NoRoom(back) => entry = back,
            }
            room.await;
        }
    }

    /// Returns the first source position among pushed entries that is not acknowledged. Entries that were
    /// given up count as not acknowledged.
    pub fn oldest_position(&self) -> Option<u64> {
        self.shared.queue().oldest_position()
    }

    /// Returns the shards as last listed.
    pub fn shards(&self) -> Arc<ShardMap> {
        self.shared.queue().shards()
    }

    /// Sends what waits. Returns the report once every entry is acknowledged or given up, or the time is
    /// over.
    pub async fn finish(mut self) -> PutReport {
        self.shared.queue().draining = true;
        self.shared.pushed.notify_one();
        let Some(driver) = self.driver.take() else { return PutReport::default() };
        driver.await.unwrap_or_else(|_| self.shared.queue().close([], Instant::now()))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(driver) = &self.driver {
            driver.abort();
        }
    }
}

type Answer = Result<Vec<EntryOutcome>, SinkError>;

struct Driver<S> {
    sink: Arc<S>,
    shared: Arc<Shared>,
    deadline: Option<Instant>,
    last_call: Duration,
    requests_in_flight: usize,
    /// The entries of each request, kept here so that no entry is lost with an abandoned request.
    on_their_way: HashMap<tokio::task::Id, Batch>,
    requests: JoinSet<Answer>,
}

impl<S: RecordSink + 'static> Driver<S> {
    async fn run(mut self) -> PutReport {
        let far = Instant::now() + Duration::from_hours(24 * 365);
        let deadline = self.deadline.unwrap_or(far);
        let time = deadline.duration_since(Instant::now());
        let last_call = deadline - self.last_call.min(time / 4);
        loop {
            if Instant::now() >= last_call {
                self.stop(StopReason::Deadline);
            }
            let wake_at = self.start_requests().unwrap_or(far);
            if self.is_over() {
                break;
            }
            // If this times out, the map is only out of date.
            let _ = tokio::time::timeout_at(last_call, self.read_shards_again()).await;
            let wake_at = if self.is_stopped() { deadline } else { wake_at.min(last_call) };
            tokio::select! {
                Some(ended) = self.requests.join_next_with_id() => self.settle(ended),
                () = self.shared.pushed.notified() => {}
                () = tokio::time::sleep_until(wake_at) => if Instant::now() >= deadline { break },
            }
        }
        self.requests.abort_all();
        let on_their_way = self.on_their_way.into_values().map(Batch::into_waiting);
        let report = self.shared.queue().close(on_their_way.flatten(), Instant::now());
        // Whoever waits for room learns that the run is over.
        self.shared.room.notify_waiters();
        report
    }

    /// Starts all requests that may start now. Returns the moment at which to look again.
    fn start_requests(&mut self) -> Option<Instant> {
        while self.requests.len() < self.requests_in_flight && !self.is_stopped() {
            let next = self.shared.queue().next(Instant::now());
            match next {
                Next::Send(batch) => self.start(batch),
                Next::WaitUntil(wake_at) => return Some(wake_at),
                Next::Idle => return None,
            }
        }
        None
    }

    fn start(&mut self, batch: Batch) {
        let (sink, entries) = (Arc::clone(&self.sink), Arc::clone(&batch.entries));
        let put = async move { sink.put(&entries).await };
        let id = self.requests.spawn(put).id();
        self.on_their_way.insert(id, batch);
        self.shared.room.notify_waiters();
    }

    fn settle(&mut self, ended: Result<(tokio::task::Id, Answer), tokio::task::JoinError>) {
        let (id, answer) = match ended {
            Ok((id, answer)) => (id, answer),
            Err(error) => (error.id(), Err(SinkError::Unavailable(error.into()))),
        };
        let Some(batch) = self.on_their_way.remove(&id) else { return };
        let mut queue = self.shared.queue();
        queue.settle(batch, answer, Instant::now(), fastrand::f64());
        drop(queue);
        self.shared.room.notify_waiters();
    }

    /// Called after a record went to a shard that was not predicted. An old map does no harm, so after a
    /// failure the next such record causes another attempt.
    async fn read_shards_again(&self) {
        if !self.shared.queue().shards_are_stale() || self.is_stopped() {
            return;
        }
        let now = self.shared.queue().shards();
        let shards = self.sink.shards().await.unwrap_or_else(|_| ShardMap::clone(&now));
        self.shared.queue().set_shards(shards, Instant::now());
    }

    fn stop(&self, reason: StopReason) {
        self.shared.queue().report.stopped.get_or_insert(reason);
        self.shared.room.notify_waiters();
    }

    fn is_stopped(&self) -> bool {
        self.shared.queue().report.stopped.is_some()
    }

    fn is_over(&self) -> bool {
        let queue = self.shared.queue();
        let nothing_to_do = queue.report.stopped.is_some() || (queue.draining && queue.is_empty());
        nothing_to_do && self.requests.is_empty()
    }
}
