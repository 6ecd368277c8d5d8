//! What happened to a batch: counts for metrics, and the first failures one by one.

use crate::RecordFailure;
use edge::lambda::events::FirehoseEvent;
use edge::metrics::Metrics;
use std::collections::BTreeMap;
use std::time::Duration;

/// A record that is answered as failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The index of the record in the event.
    pub index: usize,
    /// What is wrong.
    pub failure: RecordFailure,
}

/// The outcome of one batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// How many records were delivered as documents.
    pub ok: usize,
    /// How many of those have U+FFFD in a document in place of an unpaired surrogate.
    pub mended: usize,
    /// How many records a drop rule left out.
    pub dropped: usize,
    /// How many records were put back on their stream, and left out here.
    pub reingested: usize,
    /// Every failed record. Those without room in the answer come last.
    pub failed: Vec<Failed>,
    /// Whether a replay will find each failed record with its position and reason; `None` if no place for
    /// them is set.
    pub failures_kept: Option<bool>,
    /// How many distinct dynamic partitions there are. A delivery stream has at most 500 at a time.
    pub partitions: usize,
    /// How many partition keys have no value, so that the default replaces them.
    pub empty_partition_keys: usize,
    /// Bytes of the event.
    pub event_bytes: usize,
    /// Bytes of the answer.
    pub answer_bytes: usize,
    /// The answer's limit.
    pub limit_bytes: usize,
    /// Bytes of all records, counted as Firehose counts its buffer.
    pub record_bytes: usize,
    /// How many bytes the answer would have without a limit.
    pub wanted_bytes: usize,
}

impl Report {
    /// Failed records by kind.
    pub fn failed_by_kind(&self) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for failed in &self.failed {
            *kinds.entry(failed.failure.kind()).or_default() += 1;
        }
        kinds
    }

    /// Returns the largest Firehose buffer, in MiB, with which batches of such records would fit; `None` if
    /// this batch did.
    #[allow(clippy::cast_precision_loss)] // sizes of some megabytes
    pub fn fitting_buffer_mib(&self) -> Option<f64> {
        let expansion = self.wanted_bytes as f64 / self.record_bytes.max(1) as f64;
        let mib = self.limit_bytes as f64 / expansion / f64::from(1 << 20);
        // Firehose accepts tenths of a megabyte.
        (self.wanted_bytes > self.limit_bytes).then(|| (mib * 10.0).floor() / 10.0)
    }

    /// Logs the first failures, how many more there were, and which buffer would have made room.
    pub fn log(&self, request_id: &str, event: &FirehoseEvent<'_>, told_at_most: usize) {
        for Failed { index, failure } in self.failed.iter().take(told_at_most) {
            let Some(record) = event.records.get(*index) else { continue };
            let (record_id, position) = (record.record_id.text(), record.position().unwrap_or_default());
            let (shard_id, sequence_number) = (position.shard_id.text(), position.sequence_number.text());
            let (kind, field) = (failure.kind(), failure.field());
            tracing::warn!(
                request_id, %record_id, %shard_id, %sequence_number, kind, field, error = %failure, "record failed"
            );
        }
        let untold = self.failed.len().saturating_sub(told_at_most);
        if untold > 0 {
            tracing::warn!(request_id, records = untold, "more records failed");
        }
        if let Some(buffer_mib) = self.fitting_buffer_mib() {
            let (wanted_bytes, limit_bytes) = (self.wanted_bytes, self.limit_bytes);
            tracing::warn!(
                request_id,
                wanted_bytes,
                limit_bytes,
                buffer_mib,
                "answer is full; a smaller buffer would fit"
            );
        }
    }

    /// Returns the batch's metrics, with one dimension set for the data set.
    #[allow(clippy::cast_precision_loss)] // sizes of some megabytes
    pub fn metrics(&self, data_set: &str, duration: Duration) -> Metrics {
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let mut metrics = Metrics::new("transform", data_set)
            .count("records_ok", self.ok)
            .count("records_mended", self.mended)
            .count("records_dropped", self.dropped)
            .count("records_failed", self.failed.len())
            .count("records_reingested", self.reingested)
            .count("partitions", self.partitions)
            .count("empty_partition_keys", self.empty_partition_keys)
            .bytes("event_bytes", self.event_bytes)
            .bytes("answer_bytes", self.answer_bytes)
            .percent("expansion", 100.0 * share(self.wanted_bytes, self.event_bytes))
            .percent("answer_budget_used", 100.0 * share(self.answer_bytes, self.limit_bytes))
            .duration("duration", duration);
        for (kind, count) in self.failed_by_kind() {
            metrics = metrics.count(format!("failed_{kind}"), count);
        }
        if let Some(kept) = self.failures_kept {
            metrics = metrics.count("failures_not_kept", if kept { 0 } else { self.failed.len() });
        }
        match self.fitting_buffer_mib() {
            Some(mib) => metrics.megabytes("fitting_buffer", mib),
            None => metrics,
        }
    }
}
