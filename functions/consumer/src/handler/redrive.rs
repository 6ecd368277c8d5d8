//! A batch that was given up, invoked again by a person.
//!
//! At the batch level it is stored as any batch is: its object replaces what an earlier attempt from the same start left. At
//! the ledger level what is decided already goes the way of `delivery::redriven`. A window is not counted again.

use bytes::Bytes;
use edge::lambda::events::{KinesisEvent, Redrive, RedriveAnswer, ToScan};
use edge::lambda::{Invocation, InvocationError};
use edge::metrics::Metrics;
use edge::store::ObjectStore;

use super::batch::Level;
use super::consumer::Consumer;
use super::settings::DeliveryLevel;
use crate::delivery::{DeliveryError, Ledger, Redriven};
use crate::enrich::Enricher;

impl<S: ObjectStore, E: Enricher> Consumer<S, E> {
    /// Answers as to any batch, or asks for a look at what is stored.
    pub(super) async fn redrive(
        &self,
        redrive: Redrive,
        event: &KinesisEvent<'_>,
        invocation: &Invocation,
    ) -> Result<(Bytes, Option<Metrics>), InvocationError> {
        let failed = |error: DeliveryError| InvocationError::new("redrive", &error);
        let (level, taken) = match self.level_of_redrive(redrive, event).await.map_err(failed)? {
            Decided::Way(level, taken) => (level, taken),
            Decided::ToScan(to_scan) => return Ok((json(&RedriveAnswer::to_scan(to_scan))?, None)),
        };
        let records = event.records.get(..taken).unwrap_or_default().to_vec();
        let part = KinesisEvent { records, window: None };
        let (done, metrics, _) = self.attempt(&part, invocation, Some(level)).await?;
        let first_failed = event.records.get(done).map(|record| record.sequence_number);
        Ok((json(&RedriveAnswer::stored_before(first_failed))?, Some(metrics)))
    }

    async fn level_of_redrive(
        &self,
        redrive: Redrive,
        event: &KinesisEvent<'_>,
    ) -> Result<Decided, DeliveryError> {
        let all = event.records.len();
        let (DeliveryLevel::Ledger { epoch }, Some(first)) = (&self.settings.delivery, event.records.first())
        else {
            return Ok(Decided::Way(Level::Batch, all));
        };
        // In this order: what is decided by the ledger that was read is decided for good.
        let ledger = Ledger::read(&self.store, first.stream, first.shard_id, epoch).await?;
        let decided = ledger.covered(&event.records);
        if decided == 0 {
            return Ok(Decided::Way(Level::Ledger(ledger), all));
        }
        let redriven = Redriven::read(&self.store, first.stream, first.shard_id, epoch).await?;
        if redrive.scanned == Some(redriven.filled()) {
            return Ok(Decided::Way(Level::Redriven(redriven), decided));
        }
        Ok(Decided::ToScan(ToScan {
            bucket: self.settings.bucket.clone(),
            data_set: self.schema.name().to_owned(),
            epoch: epoch.clone(),
            stream: first.stream.to_owned(),
            shard_id: first.shard_id.to_owned(),
            decided: ledger.decided().map_or_else(String::new, ToString::to_string),
            redriven: redriven.filled(),
        }))
    }
}

fn json(answer: &RedriveAnswer) -> Result<Bytes, InvocationError> {
    let json = serde_json::to_vec(answer).map_err(|error| InvocationError::new("redrive", &error))?;
    Ok(json.into())
}

/// Which way records of a redrive go.
enum Decided {
    /// So many of them, from the first on.
    Way(Level, usize),
    ToScan(ToScan),
}
