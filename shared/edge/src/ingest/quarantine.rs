//! Puts aside what no stream accepts: several records at a time, and only while there is time.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use tokio::time::Instant;

use crate::BoxError;
use crate::put_records::OpenPositions;

/// How many records are put aside at once.
const AT_ONCE: usize = 32;

/// The most records that wait to be put aside together while a source is read.
const GROUP_RECORDS: usize = 2 * AT_ONCE;
const GROUP_BYTES: usize = 4 << 20;

/// Where a run puts records that no stream accepts.
pub trait Quarantine: Send + Sync {
    /// Keeps one record. Once this is done, the source may move past it. Putting the same record twice keeps
    /// it once. Several puts may run at once, and a put may be dropped half-way.
    fn put(&self, rejected: Rejected) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// A record that is put aside.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The record as the source or the packer left it.
    pub payload: Bytes,
    /// Where it is in its source.
    pub position: u64,
    /// User records inside.
    pub records: u32,
    /// The reason as a short stable word.
    pub kind: &'static str,
    /// The reason as one line without text of the payload.
    pub message: String,
}

/// The records of a run that are to be put aside, and the count of those that were.
pub(super) struct Aside<'a, Q> {
    quarantine: &'a Q,
    /// Nothing is put aside after this.
    by: Option<Instant>,
    waiting: Vec<Rejected>,
    waiting_bytes: usize,
    /// The positions of records that are not safe yet.
    open: OpenPositions,
    /// How many user records are kept.
    pub(super) kept: u64,
}

impl<'a, Q: Quarantine> Aside<'a, Q> {
    pub(super) fn new(quarantine: &'a Q, by: Option<Instant>) -> Self {
        let (waiting, open) = (Vec::new(), OpenPositions::default());
        Self { quarantine, by, waiting, waiting_bytes: 0, open, kept: 0 }
    }

    /// Takes a record in. The next [`put_all`](Self::put_all) puts it aside.
    pub(super) fn add(&mut self, rejected: Rejected) {
        self.open.open(rejected.position);
        self.waiting_bytes += rejected.payload.len();
        self.waiting.push(rejected);
    }

    /// Whether no more records should wait.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= GROUP_RECORDS || self.waiting_bytes >= GROUP_BYTES
    }

    /// The first position that is not safe yet.
    pub(super) fn oldest_position(&self) -> Option<u64> {
        self.open.oldest()
    }

    /// Puts aside what waits, the oldest first. A record stays open if its put fails or is not done in time.
    pub(super) async fn put_all(&mut self) -> Result<(), BoxError> {
        let quarantine = self.quarantine;
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let puts = waiting.into_iter().map(|rejected| async move {
            let (position, records) = (rejected.position, rejected.records);
            (position, records, quarantine.put(rejected).await)
        });
        let mut puts = stream::iter(puts).buffer_unordered(AT_ONCE);
        let mut result = Ok(());
        while let Some((position, records, put)) = before(self.by, puts.next()).await.flatten() {
            match put {
                Ok(()) => {
                    self.open.close(position);
                    self.kept += u64::from(records);
                }
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }
}

/// The result of a future, unless it takes longer than until that moment.
pub(super) async fn before<F: Future>(by: Option<Instant>, future: F) -> Option<F::Output> {
    match by {
        Some(by) => tokio::time::timeout_at(by, future).await.ok(),
        None => Some(future.await),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    /// Takes a second for each record, and fails at some positions.
    #[derive(Default)]
    struct Slow {
        fails_at: Vec<u64>,
        kept: Mutex<Vec<u64>>,
    }

    impl Quarantine for Slow {
        async fn put(&self, rejected: Rejected) -> Result<(), BoxError> {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.fails_at.contains(&rejected.position) {
                return Err(format!("no room for {}", rejected.position).into());
            }
            self.kept.lock().unwrap().push(rejected.position);
            Ok(())
        }
    }

    fn rejected(position: u64) -> Rejected {
        Rejected { payload: Bytes::new(), position, records: 2, kind: "limit", message: String::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_kept_in_time_stays_open_and_the_oldest_goes_first() {
        let slow = Slow::default();
        let mut aside = Aside::new(&slow, Some(Instant::now() + Duration::from_millis(2500)));
        (0..1000).for_each(|position| aside.add(rejected(position)));
        let began = Instant::now();
        aside.put_all().await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_millis(2500));
        let kept = 2 * AT_ONCE as u64;
        assert_eq!((aside.kept, aside.oldest_position()), (2 * kept, Some(kept)));
        assert_eq!(slow.kept.lock().unwrap().len() as u64, kept);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_fails_costs_no_other_and_stays_open() {
        let slow = Slow { fails_at: vec![3, 7], ..Slow::default() };
        let mut aside = Aside::new(&slow, None);
        (0..10).for_each(|position| aside.add(rejected(position)));
        assert_eq!(aside.put_all().await.unwrap_err().to_string(), "no room for 3");
        assert_eq!((aside.kept, aside.oldest_position()), (16, Some(3)));
    }
}
