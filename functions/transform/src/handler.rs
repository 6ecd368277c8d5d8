//! The function itself: an invocation in, an answer out, with metrics and logs.

use crate::{Batch, Failures, Reingest, Report, RoutingError, TransformSettings};
use bytes::Bytes;
use edge::lambda::events::FirehoseEvent;
use edge::lambda::{Invocation, InvocationError};
use edge::logging;
use edge::put_records::RecordSink;
use edge::store::ObjectStore;
use record_model::Schema;
use std::cell::RefCell;
use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime};

/// The transform of one data set.
pub struct Transform<S, F> {
    data_set: String,
    batch: RefCell<Batch>,
    reingest: Reingest<S>,
    failures: Option<Failures<F>>,
    told_at_most: usize,
}

impl<S: RecordSink + Clone + 'static, F: ObjectStore> Transform<S, F> {
    /// Makes a transform for this schema, which must fit the destination. `reingest` is used only if the
    /// settings name a stream for it.
    pub fn new(
        schema: Schema,
        settings: &TransformSettings,
        reingest: Reingest<S>,
        failures: Option<Failures<F>>,
    ) -> Result<Self, RoutingError> {
        let data_set = schema.name().to_owned();
        let told_at_most = settings.logged_failures;
        Ok(Self {
            data_set,
            batch: RefCell::new(Batch::new(schema, settings)?),
            reingest,
            failures,
            told_at_most,
        })
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
            self.reingest.put(draft.left_out(), time_left(&invocation)).await
        };
        let mut answered = self.batch.borrow_mut().finish(draft, &event, &put_back);
        answered.report.event_bytes = invocation.body.len();
        answered.report.log(&invocation.request_id, &event, self.told_at_most);
        self.keep_failures(&mut answered.report, &event, &invocation).await;
        let metrics = answered.report.metrics(&self.data_set, started.elapsed());
        metrics.invocation(&invocation).emit();
        Ok(answered.bytes)
    }

    async fn keep_failures(&self, report: &mut Report, event: &FirehoseEvent<'_>, invocation: &Invocation) {
        let Some(failures) = &self.failures else { return };
        let kept = failures.keep(&self.data_set, event, &report.failed, time_left(invocation)).await;
        report.failures_kept = Some(kept.is_ok());
        if let Err(error) = kept {
            let (request_id, error) = (&invocation.request_id, logging::chain(&error));
            tracing::warn!(
                request_id,
                error,
                "failed records are kept by Firehose only, without their reasons"
            );
        }
    }
}

fn time_left(invocation: &Invocation) -> Duration {
    invocation.deadline.duration_since(SystemTime::now()).unwrap_or_default()
}
