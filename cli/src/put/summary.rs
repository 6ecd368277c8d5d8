//! What `kinflow put` prints at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use edge::ingest::FeedReport;
use serde::Serialize;

use crate::terminal;

/// The result of one run.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    read: u64,
    put: u64,
    quarantined: u64,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantine: Option<PathBuf>,
    kinesis_records: u64,
    retried: u64,
    calls: u64,
    seconds: f64,
    records_per_s: f64,
    /// The fullest shard's share, relative to an even share.
    skew: f64,
    /// Kinesis records by shard.
    shards: BTreeMap<String, u64>,
    /// Whether the same command can go on after an early end, since what it puts is still there.
    #[serde(skip)]
    can_continue: bool,
}

impl Summary {
    /// Makes the summary of a run.
    pub(super) fn of(
        report: FeedReport,
        open_shards: usize,
        elapsed: Duration,
        quarantine: Option<&Path>,
    ) -> Self {
        let seconds = elapsed.as_secs_f64();
        let skew = report.engine.skew(open_shards);
        let engine = report.engine;
        #[allow(clippy::cast_precision_loss, reason = "a rate to be read by people")]
        let records_per_s = report.put as f64 / seconds.max(1e-9);
        Self {
            read: report.read,
            put: report.put,
            quarantined: report.quarantined,
            done: report.done,
            quarantine: quarantine.map(Path::to_owned),
            kinesis_records: engine.accepted,
            retried: engine.retried,
            calls: engine.calls,
            seconds,
            records_per_s,
            skew,
            shards: engine.per_shard,
            can_continue: true,
        }
    }

    /// The same of standard input, which is read once.
    pub(super) fn of_input(self) -> Self {
        Self { can_continue: false, ..self }
    }

    /// Whether the whole file is in the stream.
    pub(super) fn is_complete(&self) -> bool {
        self.done && self.quarantined == 0
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} records read, {} put, {} in quarantine; {:.1} s, {:.0} records/s\n",
            self.read, self.put, self.quarantined, self.seconds, self.records_per_s
        );
        let mut line = |line: std::fmt::Arguments<'_>| {
            // Writing to a string can't fail.
            let _ = writeln!(text, "{line}");
        };
        line(format_args!(
            "{} Kinesis records in {} requests, {} sent again after a refusal",
            self.kinesis_records, self.calls, self.retried
        ));
        for (shard, records) in &self.shards {
            #[allow(clippy::cast_precision_loss, reason = "a share to be read by people")]
            let share = *records as f64 * 100.0 / self.kinesis_records.max(1) as f64;
            line(format_args!("  {shard}  {records:>10}  {share:5.1} %"));
        }
        line(format_args!("the fullest shard has {:.2} times an even share", self.skew));
        if let Some(path) = &self.quarantine {
            let path = path.display().to_string();
            line(format_args!("records that were not put are in {}", terminal::line(&path)));
        }
        let done = self.put + self.quarantined;
        match (self.done, self.can_continue) {
            (true, _) => {}
            (_, true) => line(format_args!("stopped early: run the same command again to continue")),
            (_, false) if done == self.read => line(format_args!(
                "stopped early: standard input can't be read again, so another put has to begin after its first {done} records"
            )),
            (_, false) => line(format_args!(
                "stopped early: standard input can't be read again, and {} of the {} records that were read were not put",
                self.read.saturating_sub(done),
                self.read
            )),
        }
        text
    }
}
