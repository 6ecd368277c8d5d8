//! The figures about what was read: counts, rate, skew and lag, and those of one field.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::shards::short;
use crate::terminal;

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Stats {
    field: Option<String>,
    records: u64,
    bytes: u64,
    refused: u64,
    shards: BTreeMap<String, Shard>,
    values: Values,
}

#[derive(Debug, Default)]
struct Shard {
    records: u64,
    lag_ms: i64,
}

/// The figures of a field's numbers by Welford's method, which keeps its precision however many there are.
#[derive(Debug, Default)]
struct Values {
    count: u64,
    mean: f64,
    least: f64,
    most: f64,
}

impl Values {
    fn add(&mut self, value: f64) {
        self.count += 1;
        #[allow(clippy::cast_precision_loss, reason = "no count of records is near 2^53")]
        let count = self.count as f64;
        self.mean += (value - self.mean) / count;
        (self.least, self.most) =
            if self.count == 1 { (value, value) } else { (self.least.min(value), self.most.max(value)) };
    }
}

impl Stats {
    /// `field` is the name of the field whose figures are kept; empty for none.
    pub(super) fn new(field: Option<&str>) -> Self {
        Self { field: field.filter(|name| !name.is_empty()).map(str::to_owned), ..Self::default() }
    }

    pub(super) fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    pub(super) fn lag(&mut self, shard: &str, lag_ms: i64) {
        self.shard(shard).lag_ms = lag_ms;
    }

    pub(super) fn record(&mut self, shard: &str, bytes: usize, value: Option<&Value>) {
        self.records += 1;
        self.bytes += bytes as u64;
        self.shard(shard).records += 1;
        if let Some(value) = value.and_then(Value::as_f64) {
            self.values.add(value);
        }
    }

    pub(super) fn refuse(&mut self) {
        self.refused += 1;
    }

    fn shard(&mut self, shard: &str) -> &mut Shard {
        if !self.shards.contains_key(shard) {
            self.shards.insert(shard.to_owned(), Shard::default());
        }
        self.shards.entry(shard.to_owned()).or_default()
    }

    /// One line, which is redrawn while reading goes on.
    #[allow(clippy::cast_precision_loss, reason = "figures to be read by people")]
    pub(super) fn line(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64().max(1e-3);
        let mut line = format!(
            "{} records, {:.0}/s, {:.1} KiB/s, skew {:.2}, {:.1} s behind",
            self.records,
            self.records as f64 / seconds,
            self.bytes as f64 / 1024.0 / seconds,
            self.skew(),
            self.lag_ms() as f64 / 1000.0,
        );
        if let Some(field) = &self.field {
            let Values { count, mean, least, most } = &self.values;
            let field = terminal::line(field);
            // Writing to a string can't fail.
            let _ = if *count == 0 {
                write!(line, "; {field}: no number yet")
            } else {
                write!(line, "; {field}: mean {mean:.2}, least {least}, most {most} of {count}")
            };
        }
        if self.refused > 0 {
            let _ = write!(line, "; {} refused", self.refused);
        }
        line
    }

    /// The line, followed by one line for each shard.
    #[allow(clippy::cast_precision_loss, reason = "figures to be read by people")]
    pub(super) fn text(&self, elapsed: Duration) -> String {
        let mut text = self.line(elapsed) + "\n";
        for (shard, Shard { records, lag_ms }) in &self.shards {
            let share = *records as f64 * 100.0 / self.records.max(1) as f64;
            let lag = *lag_ms as f64 / 1000.0;
            let name = terminal::line(short(shard));
            let _ = writeln!(text, "  {name:>6}  {records:>10}  {share:5.1} %  {lag:.1} s behind");
        }
        text
    }

    /// The fullest shard's share, relative to an even share.
    #[allow(clippy::cast_precision_loss, reason = "figures to be read by people")]
    fn skew(&self) -> f64 {
        let most = self.shards.values().map(|shard| shard.records).max().unwrap_or(0);
        most as f64 * self.shards.len() as f64 / self.records.max(1) as f64
    }

    fn lag_ms(&self) -> i64 {
        self.shards.values().map(|shard| shard.lag_ms).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::cast_precision_loss, reason = "the numbers of a test are small")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn the_running_mean_is_the_mean(ages in prop::collection::vec(0..120_i32, 1..200)) {
            let mut stats = Stats::new(Some("age"));
            for age in &ages {
                stats.record("a", 1, Some(&json!(age)));
            }
            let mean = ages.iter().copied().map(f64::from).sum::<f64>() / ages.len() as f64;
            prop_assert!((stats.values.mean - mean).abs() < 1e-9);
            let least_and_most = [ages.iter().min(), ages.iter().max()].map(|age| f64::from(*age.unwrap()));
            prop_assert_eq!([stats.values.least, stats.values.most].map(f64::to_bits), least_and_most.map(f64::to_bits));
        }
    }

    #[test]
    fn the_figures_are_those_of_what_was_read() {
        let mut stats = Stats::new(Some("age"));
        for (shard, value) in [
            ("shardId-0", json!(10)),
            ("shardId-0", json!(20)),
            ("shardId-0", json!("x")),
            ("shardId-1", json!(60)),
        ] {
            stats.record(shard, 1024, Some(&value));
        }
        stats.lag("shardId-1", 1_500);
        stats.refuse();
        assert_eq!(
            stats.line(Duration::from_secs(2)),
            "4 records, 2/s, 2.0 KiB/s, skew 1.50, 1.5 s behind; age: mean 30.00, least 10, most 60 of 3; 1 refused"
        );
        assert_eq!(stats.text(Duration::from_secs(2)).lines().count(), 3);
    }
}
