//! Delivering one batch: attempt after attempt until each record is acknowledged or given up.

use std::collections::VecDeque;

use serde_json::value::RawValue;

use super::answer::{self, Expected, Verdict};
use super::destination::GivenUp;
use super::event::{self, EventRecord};
use super::lane::Lane;
use super::mapping::MappingError;
use super::retry::{self, Condition, Next};
use super::window::{Ending, OpenWindow};
use crate::aws::clock::now_ms;
use crate::pipeline::progress::Progress;
use template::{ACCOUNT, REGION};

/// Records that are attempted together.
struct Part {
    records: Vec<EventRecord>,
    /// Failed attempts so far.
    attempts: u64,
}

impl Lane {
    /// Delivers the records in order; the checkpoint only moves forward.
    pub(super) async fn deliver(&mut self, records: Vec<EventRecord>) -> Result<(), MappingError> {
        let mut parts = VecDeque::from([Part { records, attempts: 0 }]);
        while let Some(part) = parts.pop_front() {
            let mut part = self.without_too_old(part).await?;
            if part.records.is_empty() {
                continue;
            }
            match self.attempt(&part.records).await? {
                Verdict::Done => self.acknowledge(part.records.len()),
                Verdict::FailedFrom(index) if index > 0 => {
                    let records = part.records.split_off(index);
                    self.acknowledge(index);
                    // The checkpoint moved, so what follows is another batch with its own retries.
                    self.again(&mut parts, Part { records, attempts: 0 }).await;
                }
                Verdict::FailedFrom(_) | Verdict::Failed(_) => {
                    part.attempts += 1;
                    self.after_failure(&mut parts, part).await?;
                }
            }
        }
        Ok(())
    }

    /// The window's last call, in which it has no records.
    pub(super) async fn close_window(&mut self, ending: Ending) -> Result<(), MappingError> {
        let Some(window) = &self.window else { return Ok(()) };
        let ending = if now_ms() >= window.end_ms() { Ending::InTime } else { ending };
        let mut attempts = 0;
        while self.attempt_in_window(&[], Some(ending)).await? != Verdict::Done {
            attempts += 1;
            if retry::next(&self.mapping.settings, 1, attempts) != Next::Again {
                self.mapping.count(|tally| tally.windows_lost += 1);
                break;
            }
            tokio::time::sleep(retry::pause(attempts)).await;
        }
        self.window = None;
        Ok(())
    }

    async fn attempt(&mut self, records: &[EventRecord]) -> Result<Verdict, MappingError> {
        self.attempt_in_window(records, None).await
    }

    async fn attempt_in_window(
        &mut self,
        records: &[EventRecord],
        last: Option<Ending>,
    ) -> Result<Verdict, MappingError> {
        let event = self.event(records, last)?;
        let settings = &self.mapping.settings;
        let (verdict, state) = match self.mapping.function.invoke(event).await {
            Ok(answer) => {
                let has_state = self.window.is_some() && last.is_none();
                answer::read(
                    &answer,
                    Expected { reports_failures: settings.report_batch_item_failures, has_state },
                    records,
                )
            }
            Err(error) => {
                self.mapping.progress.send(Progress::Warning { message: error.to_string() });
                (Verdict::Failed("the invocation failed"), None)
            }
        };
        if verdict != Verdict::Done {
            tracing::debug!(
                function = settings.function,
                shard_id = self.shard_id,
                ?verdict,
                "a batch failed"
            );
        }
        self.keep_state(state);
        Ok(verdict)
    }

    /// With a partial answer too: the state counts records that are not delivered again.
    fn keep_state(&mut self, state: Option<Box<RawValue>>) {
        if let (Some(window), Some(state)) = (&mut self.window, state) {
            window.state = state;
        }
    }

    fn event(&self, records: &[EventRecord], last: Option<Ending>) -> Result<bytes::Bytes, MappingError> {
        let arn = &self.mapping.stream_arn;
        let fields = self.window.as_ref().map(|window: &OpenWindow| window.fields(&self.shard_id, arn, last));
        Ok(event::event(records, fields.as_ref())?)
    }

    fn acknowledge(&self, records: usize) {
        self.mapping.count(|tally| tally.acknowledged += records as u64);
        self.mapping.flow.done(records);
    }

    async fn after_failure(&self, parts: &mut VecDeque<Part>, mut part: Part) -> Result<(), MappingError> {
        match retry::next(&self.mapping.settings, part.records.len(), part.attempts) {
            Next::Again => self.again(parts, part).await,
            Next::Split(index) => {
                // Splitting uses up no retry.
                let attempts = part.attempts - 1;
                let second = Part { records: part.records.split_off(index), attempts };
                parts.push_front(second);
                parts.push_front(Part { attempts, ..part });
            }
            Next::GiveUp(condition) => self.give_up(&part, condition).await?,
        }
        Ok(())
    }

    async fn again(&self, parts: &mut VecDeque<Part>, part: Part) {
        tokio::time::sleep(retry::pause(part.attempts)).await;
        parts.push_front(part);
    }

    /// Gives up the records past their age; they are the first ones.
    async fn without_too_old(&self, mut part: Part) -> Result<Part, MappingError> {
        let now_ms = now_ms();
        let is_too_old =
            |record: &EventRecord| retry::is_too_old(&self.mapping.settings, record.arrived_at_ms, now_ms);
        let young = part.records.iter().position(|record| !is_too_old(record)).unwrap_or(part.records.len());
        if young > 0 {
            let records = part.records.split_off(young);
            self.give_up(&part, Condition::TooOld).await?;
            part.records = records;
        }
        Ok(part)
    }

    async fn give_up(&self, part: &Part, condition: Condition) -> Result<(), MappingError> {
        let function = &self.mapping.settings.function;
        let records = part.records.len();
        let given_up = GivenUp {
            shard_id: &self.shard_id,
            stream_arn: &self.mapping.stream_arn,
            function_arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"),
            condition,
            attempts: part.attempts,
            records: &part.records,
            event: event::event(&part.records, None)?,
        };
        self.mapping.destination.send(given_up).await?;
        let message =
            format!("{function} did not take {records} records of {}: {}", self.shard_id, condition.as_str());
        self.mapping.progress.send(Progress::Warning { message });
        self.mapping.count(|tally| tally.given_up += records as u64);
        self.mapping.flow.done(records);
        Ok(())
    }
}
