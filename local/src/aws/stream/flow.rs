//! How much is under way between the streams and their readers, and when all of it is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// What the readers and everything behind them are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Batch and buffer as the template says.
    Running,
    /// Hand on at once what is there: nothing more is awaited.
    Draining,
    /// Read no more.
    Stopped,
}

/// Counts every record from its read to its end, so that a run can tell when it is done.
#[derive(Debug)]
pub(crate) struct Flow {
    phase: watch::Sender<Phase>,
    counts: watch::Sender<Counts>,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    taken: u64,
    done: u64,
    next_reader: u64,
    /// For each reader, how often it found nothing new.
    empty_reads: BTreeMap<u64, u64>,
}

impl Counts {
    /// Whether every reader began a read after `before` and found nothing: of two empty reads
    /// counted since then, the second began after the first ended.
    fn all_read_since(&self, before: &Self) -> bool {
        let earlier = |id| before.empty_reads.get(id).copied().unwrap_or(0);
        self.empty_reads.iter().all(|(id, reads)| *reads >= earlier(id) + 2)
    }
}

impl Flow {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { phase: watch::Sender::new(Phase::Running), counts: watch::Sender::default() })
    }

    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Moves on to this phase; an earlier one is ignored.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let later = phase > *now;
            *now = phase.max(*now);
            later
        });
    }

    /// Some records more than were read, such as those in an aggregate.
    pub(crate) fn more(&self, records: usize) {
        self.counts.send_modify(|counts| counts.taken += records as u64);
    }

    /// Records that reached their end: written, acknowledged, or given up and kept elsewhere.
    pub(crate) fn done(&self, records: usize) {
        self.counts.send_modify(|counts| counts.done += records as u64);
    }

    /// A reader that is awaited until it has read, or is dropped.
    pub(crate) fn reader(self: &Arc<Self>) -> ReaderMark {
        let mut id = 0;
        self.counts.send_modify(|counts| {
            id = counts.next_reader;
            counts.next_reader += 1;
            counts.empty_reads.insert(id, 0);
        });
        ReaderMark { flow: Arc::clone(self), id }
    }

    /// Waits until every record put so far, and every record those led to, is done.
    pub(crate) async fn settled(&self) {
        let mut counts = self.counts.subscribe();
        loop {
            let before = counts.borrow_and_update().clone();
            let settled = |now: &Counts| now.taken == now.done && now.all_read_since(&before);
            match counts.wait_for(settled).await {
                Ok(now) if now.taken == before.taken => return,
                // Something came in between: look once more.
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}

/// One reader's part of the count, until it is dropped.
#[derive(Debug)]
pub(crate) struct ReaderMark {
    flow: Arc<Flow>,
    id: u64,
}

impl ReaderMark {
    /// Tells of one read; `at_tip` where the stream has nothing newer.
    pub(crate) fn read(&self, records: usize, at_tip: bool) {
        self.flow.counts.send_modify(|counts| {
            counts.taken += records as u64;
            if records == 0 && at_tip {
                *counts.empty_reads.entry(self.id).or_default() += 1;
            }
        });
    }
}

impl Drop for ReaderMark {
    fn drop(&mut self) {
        self.flow.counts.send_modify(|counts| {
            counts.empty_reads.remove(&self.id);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_flow_is_settled_once_all_is_done_and_read_again() {
        let flow = Flow::new();
        let reader = flow.reader();
        reader.read(3, false);
        let mut settled = Box::pin(flow.settled());
        assert!((&mut settled).now_or_never().is_none());
        flow.done(3);
        reader.read(0, true);
        assert!((&mut settled).now_or_never().is_none(), "one empty read may have begun before");
        reader.read(0, true);
        assert!((&mut settled).now_or_never().is_some());
    }

    #[test]
    fn what_comes_in_while_settling_is_awaited_too() {
        let flow = Flow::new();
        let reader = flow.reader();
        let mut settled = Box::pin(flow.settled());
        assert!((&mut settled).now_or_never().is_none());
        reader.read(1, false);
        flow.done(1);
        reader.read(0, true);
        reader.read(0, true);
        assert!((&mut settled).now_or_never().is_none());
        reader.read(0, true);
        reader.read(0, true);
        assert!((&mut settled).now_or_never().is_some());
    }

    #[test]
    fn a_reader_that_has_yet_to_begin_is_awaited() {
        let flow = Flow::new();
        let beginning = flow.reader();
        let mut settled = Box::pin(flow.settled());
        assert!((&mut settled).now_or_never().is_none());
        drop(beginning);
        assert!((&mut settled).now_or_never().is_some());
    }

    #[test]
    fn a_phase_never_goes_back() {
        let flow = Flow::new();
        flow.enter(Phase::Stopped);
        flow.enter(Phase::Draining);
        assert_eq!(*flow.phase().borrow(), Phase::Stopped);
    }
}
