//! The numbers of one field: over time, all together, and their distribution.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::buckets::{Buckets, Piece};

/// The number of newest values that a histogram is made of.
const MAX_NEWEST: usize = 2_000;
/// The number of ranges in a histogram.
const BINS: f64 = 40.0;

/// The numbers of one field.
#[derive(Debug, Default)]
pub(super) struct Series {
    over_time: Buckets<Numbers>,
    all: Numbers,
    /// The newest values.
    newest: VecDeque<f64>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Numbers {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

impl Piece for Numbers {
    fn merge(&mut self, other: &Self) {
        let is_first = self.count == 0;
        self.count += other.count;
        self.sum += other.sum;
        self.min = if is_first { other.min } else { self.min.min(other.min) };
        self.max = if is_first { other.max } else { self.max.max(other.max) };
    }
}

impl Numbers {
    fn of(value: f64) -> Self {
        Self { count: 1, sum: value, min: value, max: value }
    }

    fn mean(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a mean for a picture")]
        let count = self.count as f64;
        (self.count > 0).then(|| self.sum / count)
    }
}

impl Series {
    /// Adds a value with its time.
    pub(super) fn take(&mut self, value: f64, at_ms: i64) {
        self.over_time.at(at_ms).merge(&Numbers::of(value));
        self.all.merge(&Numbers::of(value));
        if self.newest.len() >= MAX_NEWEST {
            self.newest.pop_front();
        }
        self.newest.push_back(value);
    }

    /// Counts the newest values in ranges of equal width. Whole numbers that are near one another each get a range of
    /// their own. Returns `None` if there is no value.
    pub(super) fn histogram(&self, field: &str) -> Option<Value> {
        let least = self.newest.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.newest.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let span = most - least;
        if !span.is_finite() {
            return None;
        }
        let is_whole = span < BINS && self.newest.iter().all(|value| value.fract() == 0.0);
        let (bins, width) = if is_whole { (span + 1.0, 1.0) } else { (BINS, span / BINS) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 39")]
        let bin_of = |value: f64| ((value - least) / width).clamp(0.0, bins - 1.0) as u32;
        let mut counts: BTreeMap<u32, u64> = (0..=bin_of(most)).map(|bin| (bin, 0)).collect();
        for value in &self.newest {
            *counts.entry(bin_of(*value)).or_default() += 1;
        }
        let bin = |(bin, count): (u32, u64)| {
            let from = least + f64::from(bin) * width;
            json!({ "from": from, "to": if is_whole { from } else { from + width }, "count": count })
        };
        let bins: Vec<Value> = counts.into_iter().map(bin).collect();
        Some(json!({ "field": field, "bins": bins, "of": self.newest.len() }))
    }

    /// The field's values over time.
    pub(super) fn picture(&self, field: &str) -> Value {
        let point = |(at_ms, numbers): (i64, &Numbers)| {
            json!({
                "at_ms": at_ms,
                "count": numbers.count,
                "mean": numbers.mean(),
                "min": numbers.min,
                "max": numbers.max,
            })
        };
        json!({
            "field": field,
            "bucket_ms": self.over_time.width_ms(),
            "points": self.over_time.iter().map(point).collect::<Vec<_>>(),
            "running_mean": self.all.mean(),
            "count": self.all.count,
            "min": self.all.min,
            "max": self.all.max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_every_value_once_and_one_value_alone_too() {
        let mut series = Series::default();
        assert_eq!(series.histogram("a"), None);
        series.take(7.0, 0);
        assert_eq!(series.histogram("a").unwrap()["bins"][0]["count"], 1);
        for value in [7.0, 9.0] {
            series.take(value, 0);
        }
        let histogram = series.histogram("a").unwrap();
        assert_eq!(
            histogram["bins"],
            json!([
                { "from": 7.0, "to": 7.0, "count": 2 },
                { "from": 8.0, "to": 8.0, "count": 0 },
                { "from": 9.0, "to": 9.0, "count": 1 },
            ])
        );
        for value in 0..100 {
            series.take(f64::from(value), 0);
        }
        let histogram = series.histogram("a").unwrap();
        let bins = histogram["bins"].as_array().unwrap();
        assert_eq!(bins.iter().map(|bin| bin["count"].as_u64().unwrap()).sum::<u64>(), 103);
        assert_eq!(bins.len(), 40);
        let picture = series.picture("a");
        assert_eq!(
            (&picture["count"], &picture["min"], &picture["max"]),
            (&103.into(), &0.0.into(), &99.0.into())
        );
    }
}
