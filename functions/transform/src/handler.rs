//! The function itself: an invocation in, an answer out, metrics and logs on the way.

use crate::{Batch, Reingest, RoutingError, TransformSettings};
use bytes::Bytes;
use edge::RecordSink;
use edge::events::FirehoseEvent;
use edge::runtime::{Invocation, InvocationError};
use record_model::Schema;
use std::cell::RefCell;
use std::collections::HashSet;
use std::time::{Instant, SystemTime};

/// The transform of one data set.
pub struct Transform<S> {
    data_set: String,
    batch: RefCell<Batch>,
    reingest: Reingest<S>,
}

impl<S: RecordSink + Clone + 'static> Transform<S> {
    /// A transform by this schema, which must fit the destination; `reingest` is used only where the settings name
    /// a stream for it.
    pub fn new(
        schema: Schema,
        settings: &TransformSettings,
        reingest: Reingest<S>,
    ) -> Result<Self, RoutingError> {
        let data_set = schema.name().to_owned();
        Ok(Self { data_set, batch: RefCell::new(Batch::new(schema, settings)?), reingest })
    }

    /// Answers one event. Only an event that can't be read at all is an error.
    pub async fn handle(&self, invocation: Invocation) -> Result<Bytes, InvocationError> {
        let started = Instant::now();
        let event = FirehoseEvent::parse(&invocation.body)
            .map_err(|error| InvocationError::new("bad_event", &error))?;
        let draft = self.batch.borrow_mut().draft(&event);
        let put_back = if draft.left_out().is_empty() {
            HashSet::new()
        } else {
            let time_left = invocation.deadline.duration_since(SystemTime::now()).unwrap_or_default();
            self.reingest.put(draft.left_out(), time_left).await
        };
        let mut answered = self.batch.borrow_mut().finish(draft, &event, &put_back);
        answered.report.event_bytes = invocation.body.len();
        answered.report.log(&invocation.request_id);
        let metrics = answered.report.metrics(&self.data_set, started.elapsed());
        metrics.invocation(&invocation).emit();
        Ok(answered.bytes)
    }
}
