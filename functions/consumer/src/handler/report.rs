//! What one invocation reports: one metrics document, and a log line if something failed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use edge::lambda::Invocation;
use edge::lambda::events::KinesisEvent;
use edge::logging;
use edge::metrics::Metrics;

use crate::delivery::DeliveryError;
use crate::enrich::Prepared;
use crate::read::{Lines, Outcome, Stopped};

/// What happened to an output object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    /// Records, from the first on, that are in S3 now.
    pub(crate) done: usize,
    /// The length of the object; 0 if none was needed.
    pub(crate) bytes: usize,
}

/// Counts of one invocation.
#[derive(Debug, Default)]
pub(crate) struct Report {
    skipped: usize,
    lines: usize,
    mended: usize,
    dropped: usize,
    quarantined: usize,
    cut: usize,
    unread_bytes: usize,
    labels: [usize; 3],
    bytes_out: usize,
    bytes_lines: usize,
    enriching: Duration,
    /// How many units a service bills, if a service is used.
    billed_units: Option<usize>,
    storing: Duration,
    stopped: Option<Stopped>,
    failures: usize,
}

impl Report {
    /// Notes how long it took to decode and enrich the batch.
    pub(crate) fn enriched(&mut self, enriching: Duration) {
        self.enriching += enriching;
    }

    /// Takes in what a service did to make the batch's texts ready.
    pub(crate) fn prepared(&mut self, prepared: Prepared) {
        self.billed_units = Some(prepared.billed_units);
        if let Some(error) = prepared.failure {
            self.failed(&error.into());
        }
    }

    /// Takes in the counts of what is about to be written.
    pub(crate) fn count(&mut self, lines: &Lines, skipped: usize) {
        self.skipped = skipped;
        let sum = |of: fn(&Outcome) -> usize| lines.records.iter().map(of).sum();
        self.lines = lines.count_from(0);
        self.mended = sum(|outcome| outcome.mended);
        self.dropped = sum(|outcome| outcome.dropped);
        self.quarantined = sum(|outcome| outcome.poison.len() + outcome.quarantined);
        self.cut = sum(|outcome| outcome.cut);
        self.unread_bytes = sum(|outcome| outcome.unread_bytes);
        self.labels = lines.records.iter().fold([0; 3], |[p, n, m], outcome| {
            let [positive, neutral, negative] = outcome.labels;
            [p + positive, n + neutral, m + negative]
        });
        self.bytes_lines = lines.bytes.len();
        self.stopped = lines.stopped;
        for poison in lines.records.iter().flat_map(|outcome| &outcome.poison) {
            tracing::debug!(kind = poison.reason.kind, "record quarantined");
        }
    }

    /// Notes how long S3 took.
    pub(crate) fn stored(&mut self, storing: Duration, stored: Option<&Stored>) {
        self.storing = storing;
        self.bytes_out = stored.map_or(0, |stored| stored.bytes);
    }

    /// Logs what kept records out of S3. Lambda delivers them again.
    pub(crate) fn failed(&mut self, error: &DeliveryError) {
        self.failures += 1;
        let error_chain = logging::chain(error);
        if error.is_transient() {
            tracing::warn!(error = error_chain, "batch is only partly stored and will be tried again");
        } else {
            tracing::error!(error = error_chain, "batch can't be stored");
        }
    }

    /// The metrics document of the invocation.
    pub(crate) fn metrics(
        self,
        data_set: &str,
        invocation: &Invocation,
        event: &KinesisEvent<'_>,
        done: usize,
    ) -> Metrics {
        let [positive, neutral, negative] = self.labels;
        let first = event.records.first();
        let mut metrics = Metrics::new("consumer", data_set)
            .invocation(invocation)
            .count("records_in", event.records.len())
            .count("records_done", done)
            .count("records_skipped", self.skipped)
            .count("records_reported", event.records.len() - done.min(event.records.len()))
            .count("lines", self.lines)
            .count("mended", self.mended)
            .count("dropped", self.dropped)
            .count("quarantined", self.quarantined)
            .count("failures", self.failures)
            .count("positive", positive)
            .count("neutral", neutral)
            .count("negative", negative)
            .bytes("bytes_in", invocation.body.len())
            .bytes("bytes_lines", self.bytes_lines)
            .bytes("bytes_out", self.bytes_out)
            .duration("enrichment_time", self.enriching)
            .duration("store_time", self.storing);
        if let Some(record) = first {
            metrics = metrics
                .duration("iterator_age", age(event.records.last().unwrap_or(record).arrived_at_ms))
                .property("shard_id", record.shard_id)
                .property("first_sequence_number", record.sequence_number);
        }
        if self.cut > 0 {
            metrics = metrics.count("texts_cut", self.cut).bytes("text_unread_bytes", self.unread_bytes);
        }
        if let Some(units) = self.billed_units {
            metrics = metrics.count("comprehend_units", units);
        }
        if let Some(stopped) = self.stopped {
            metrics = metrics.property("stopped", stopped.as_str());
        }
        metrics
    }
}

/// How far behind the end of the stream a record was read.
fn age(arrived_at_ms: i64) -> Duration {
    let arrived = UNIX_EPOCH + Duration::from_millis(arrived_at_ms.try_into().unwrap_or_default());
    SystemTime::now().duration_since(arrived).unwrap_or_default()
}
