//! The function itself: an invocation in, an answer out, metrics and logs on the way.

use crate::{Batch, TransformSettings};
use bytes::Bytes;
use edge::events::FirehoseEvent;
use edge::runtime::{Invocation, InvocationError};
use record_model::Schema;
use std::cell::RefCell;
use std::time::Instant;

/// The transform of one data set.
pub struct Transform {
    data_set: String,
    batch: RefCell<Batch>,
}

impl Transform {
    /// A transform by this schema.
    pub fn new(schema: Schema, settings: &TransformSettings) -> Self {
        Self { data_set: schema.name().to_owned(), batch: RefCell::new(Batch::new(schema, settings)) }
    }

    /// Answers one event. Only an event that can't be read at all is an error.
    pub async fn handle(&self, invocation: Invocation) -> Result<Bytes, InvocationError> {
        let started = Instant::now();
        let event = FirehoseEvent::parse(&invocation.body)
            .map_err(|error| InvocationError::new("bad_event", &error))?;
        let mut answered = self.batch.borrow_mut().answer(&event);
        answered.report.event_bytes = invocation.body.len();
        answered.report.log(&invocation.request_id);
        let metrics = answered.report.metrics(&self.data_set, started.elapsed());
        metrics.invocation(&invocation).emit();
        Ok(answered.bytes)
    }
}
