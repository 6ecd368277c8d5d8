//! The requests that a shard makes for a lane: invocations, records that are given up, and events to report.

use std::sync::Arc;

use uuid::Uuid;

use super::action::{Call, GivenUp, Response};
use super::answer::{self, Expected};
use super::document::{self, Document};
use super::event::{self, EventRecord};
use super::input::{Input, Outcome};
use super::mapping::MappingError;
use super::shard::{Ended, ShardAtWork};
use crate::aws::clock::Moment;
use crate::aws::event::{Event, Name};
use crate::aws::lambda::{Invocation, InvocationError, MAX_EVENT_BYTES};

impl ShardAtWork {
    pub(super) fn invoke(&mut self, index: usize, call: Call<EventRecord>) -> Result<(), MappingError> {
        let event = event::event(&call.records, call.window.as_ref(), self.origin())?;
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(()) };
        let request = &mut lane.request;
        if !call.is_retry || request.id.is_empty() {
            request.id = Uuid::new_v4().to_string();
        }
        request.numbers = call.records.into_iter().map(|record| record.sequence_number).collect();
        request.expected = Expected {
            reports_failures: self.mapping.settings.report_batch_item_failures,
            has_state: call.window.is_some_and(|window| window.last.is_none()),
        };
        let invocation = Invocation { request_id: request.id.clone(), event };
        let function = Arc::clone(&self.mapping.ports.function);
        self.calls.push(Box::pin(async move { (index, function.invoke(invocation).await) }));
        Ok(())
    }

    pub(super) async fn answered(&mut self, (index, result): Ended) -> Result<(), MappingError> {
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(()) };
        let request = &mut lane.request;
        if let Err(InvocationError::Throttled { .. }) = result {
            return self.step(index, Input::Throttled).await;
        }
        let (answer, reason) = match result {
            Ok(body) => {
                let numbers = request.numbers.iter().map(|number| &**number);
                let (answer, reason) = answer::read(&body, request.expected, numbers);
                (answer, reason.to_owned())
            }
            Err(error) => (Outcome::Failed.into(), error.to_string()),
        };
        request.reason = reason;
        self.step(index, Input::Answered(answer)).await
    }

    /// Stores what is given up, if there is a place for it, and reports it.
    pub(super) async fn give_up(
        &mut self,
        index: usize,
        given_up: GivenUp<EventRecord>,
        now: Moment,
    ) -> Result<(), MappingError> {
        let kept = match self.mapping.ports.on_failure.clone() {
            Some(on_failure) => {
                let document = self.document(index, &given_up, now)?;
                Some(on_failure.keep(document).await?)
            }
            None => None,
        };
        let records = given_up.records.len() as u64;
        if records > 0 {
            let (mapping, stream, shard) = self.names();
            let condition = given_up.condition;
            self.tell(Event::Discarded { mapping, stream, shard, records, condition, kept });
        }
        Ok(())
    }

    fn document(
        &self,
        index: usize,
        given_up: &GivenUp<EventRecord>,
        now: Moment,
    ) -> Result<Document, serde_json::Error> {
        let last = self.lanes.get(index).map(|lane| lane.request.id.clone());
        let was_sent = given_up.response != Response::None;
        let id = last.filter(|_| was_sent).unwrap_or_else(|| Uuid::new_v4().to_string());
        let request = document::Request { id: &id, function_arn: &self.mapping.function_arn, at: now };
        Document::of(given_up, request, self.origin())
    }

    pub(super) fn tell_acknowledged(&self, records: usize) {
        let (mapping, stream, shard) = self.names();
        self.tell(Event::Acknowledged { mapping, stream, shard, records: records as u64 });
    }

    pub(super) fn tell_retried(&mut self, index: usize, records: usize, attempts: u64) {
        let (mapping, stream, shard) = self.names();
        let reason = self.lanes.get_mut(index).map(|lane| std::mem::take(&mut lane.request.reason));
        let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or_else(|| {
            format!("its event is over {MAX_EVENT_BYTES} bytes, the limit, and is never sent")
        });
        self.tell(Event::Retried { mapping, stream, shard, records: records as u64, attempts, reason });
    }

    pub(super) fn tell_window_lost(&self) {
        let (mapping, stream, shard) = self.names();
        self.tell(Event::WindowLost { mapping, stream, shard });
    }

    fn names(&self) -> (Name, Name, Name) {
        let (function, stream) = &self.mapping.names;
        (Arc::clone(function), Arc::clone(stream), Arc::clone(&self.id))
    }

    fn tell(&self, event: Event) {
        self.mapping.ports.observer.on(event);
    }
}
