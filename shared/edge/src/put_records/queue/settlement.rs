//! What the answer to a request means for its entries.

use tokio::time::Instant;

use super::Queue;
use super::waiting::{Batch, State, Waiting};
use crate::put_records::{EntryOutcome, Refusal, SinkError, StopReason, Unsent, UnsentReason};

type Answer = Result<Vec<EntryOutcome>, SinkError>;

impl Queue {
    /// Takes the answer to a request. `dice` is a random number from 0 to 1.
    pub(crate) fn settle(&mut self, batch: Batch, answer: Answer, now: Instant, dice: f64) {
        self.report.calls += 1;
        for state in batch.states.iter().filter(|_| self.settings.order_per_key) {
            self.busy.remove(&state.order_key);
        }
        let entries = batch.states.len();
        let batch = batch.into_waiting();
        match answer {
            Ok(outcomes) => return self.settle_each(batch, outcomes, now, dice),
            Err(SinkError::Unavailable(_)) => {
                self.pauses.stream_failed(now, dice);
                let again: Vec<_> = batch
                    .filter_map(|waiting| self.try_again(waiting, now, now, UnsentReason::Unavailable))
                    .collect();
                self.backlog.put_back(again);
            }
            Err(SinkError::Invalid(_)) if entries == 1 => {
                batch.for_each(|waiting| self.give_up(waiting, now, UnsentReason::Invalid));
            }
            Err(SinkError::Invalid(_)) => {
                let halved = |state| State { request_entries: entries / 2, ..state };
                let batch = batch.map(|Waiting { entry, state }| Waiting { entry, state: halved(state) });
                self.backlog.put_back(batch);
            }
            Err(SinkError::Fatal(source) | SinkError::Denied(source)) => {
                self.backlog.put_back(batch);
                self.report.stopped.get_or_insert(StopReason::Fatal(source));
            }
        }
        self.report.failed_calls += 1;
    }

    fn settle_each(
        &mut self,
        batch: impl Iterator<Item = Waiting>,
        outcomes: Vec<EntryOutcome>,
        now: Instant,
        dice: f64,
    ) {
        self.pauses.stream_answered();
        // If the answer is too short, nothing beyond its end is acknowledged.
        let unanswered = std::iter::repeat(EntryOutcome::Refused(Refusal::Internal));
        let mut again = Vec::new();
        for (waiting, outcome) in batch.zip(outcomes.into_iter().chain(unanswered)) {
            match outcome {
                EntryOutcome::Accepted { shard_id } => self.accept(&waiting, shard_id),
                EntryOutcome::Refused(refusal) => {
                    self.report.retried += 1;
                    let not_before = now + self.pauses.of_entry(waiting.state.tries, dice);
                    again.extend(self.try_again(waiting, now, not_before, UnsentReason::Refused(refusal)));
                }
            }
        }
        self.backlog.put_back(again);
    }

    fn accept(&mut self, waiting: &Waiting, shard_id: String) {
        let records = u64::from(waiting.entry.records);
        self.report.accepted += 1;
        self.report.accepted_records += records;
        if !self.foreseen.landed(waiting.state.hash_key, &shard_id) && records > 1 {
            self.report.misplaced_records += records;
        }
        *self.report.per_shard.entry(shard_id).or_default() += 1;
        self.positions.close(waiting.entry.position);
    }

    /// The entry as it waits for its next attempt, unless it is given up.
    fn try_again(
        &mut self,
        waiting: Waiting,
        now: Instant,
        not_before: Instant,
        reason: UnsentReason,
    ) -> Option<Waiting> {
        if waiting.state.outlasts(self.settings.patience, now) {
            self.give_up(waiting, now, reason);
            return None;
        }
        let Waiting { entry, state } = waiting;
        let (tries, failed) = (state.tries.saturating_add(1), Some(reason));
        Some(Waiting { entry, state: State { not_before, tries, failed, ..state } })
    }

    /// Its position stays open: a cursor passes it only once its owner has made it safe.
    fn give_up(&mut self, waiting: Waiting, now: Instant, reason: UnsentReason) {
        let tried_for = waiting.state.tried_for(now);
        self.given_up_bytes += waiting.entry.bytes();
        self.report.unsent.push(Unsent { entry: waiting.entry, reason, tried_for });
        // They must be put aside in the time that is left.
        if self.given_up_bytes > self.settings.waiting_bytes
            || self.report.unsent.len() >= self.settings.waiting_entries
        {
            self.report.stopped.get_or_insert(StopReason::TooManyGivenUp);
        }
    }
}
