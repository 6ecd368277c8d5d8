//! The load of a stream, and the shards that it needs.

/// The bytes of a KB as AWS counts them.
pub(super) const KB: f64 = 1024.0;
pub(super) const GB: f64 = 1024.0 * 1024.0 * 1024.0;
/// The hours and seconds of a month in AWS's own calculator.
pub(super) const HOURS: f64 = 730.0;
pub(super) const SECONDS: f64 = HOURS * 3600.0;
/// The room for records in one aggregate of 25 KB, which is one PUT payload unit, without the aggregate's own bytes.
const AGGREGATE_BYTES: f64 = 25.0 * KB - 40.0;
/// The bytes that an aggregate of the Kinesis Producer Library needs for each record beside the record's own.
const OF_EACH_BYTES: f64 = 10.0;

/// The records that arrive: their sizes, each with its share, and their number in a second.
#[derive(Debug, Clone)]
pub(super) struct Load {
    /// Sizes in bytes, with the partition key, each with its share of all records. The shares add up to 1.
    sizes: Vec<(f64, f64)>,
    pub(super) records_per_s: f64,
    /// The number of user records in one record of the stream.
    pub(super) aggregated: f64,
}

impl Load {
    pub(super) fn of_size(bytes: f64, records_per_s: f64) -> Self {
        Self { sizes: vec![(bytes, 1.0)], records_per_s, aggregated: 1.0 }
    }

    /// A load of records with these sizes, in the same proportions, or `None` if there are none.
    pub(super) fn of_sample(sizes: &[usize], records_per_s: f64) -> Option<Self> {
        let part = 1.0 / float(sizes.len());
        let sizes: Vec<_> = sizes.iter().map(|bytes| (float(*bytes), part)).collect();
        (!sizes.is_empty()).then_some(Self { sizes, records_per_s, aggregated: 1.0 })
    }

    /// The same load with as many records in one aggregate as a PUT payload unit holds, or `None` if only one fits.
    pub(super) fn packed(&self) -> Option<Self> {
        let each = self.mean_bytes() + OF_EACH_BYTES;
        let together = (AGGREGATE_BYTES / each).floor();
        (together >= 2.0 && self.aggregated <= 1.0).then(|| Self {
            sizes: vec![(together * each + 40.0, 1.0)],
            records_per_s: self.records_per_s / together,
            aggregated: together,
        })
    }

    pub(super) fn mean_bytes(&self) -> f64 {
        self.sizes.iter().map(|(bytes, part)| bytes * part).sum()
    }

    /// The bytes in a second.
    pub(super) fn bytes_per_s(&self) -> f64 {
        self.mean_bytes() * self.records_per_s
    }

    /// The bytes in a second if each record is rounded up to a multiple of `step` bytes.
    pub(super) fn counted_bytes_per_s(&self, step: f64) -> f64 {
        self.steps_per_s(step) * step
    }

    /// The number of steps in a second. A record counts as at least one.
    pub(super) fn steps_per_s(&self, step: f64) -> f64 {
        let steps: f64 = self.sizes.iter().map(|(bytes, part)| (bytes / step).ceil().max(1.0) * part).sum();
        steps * self.records_per_s
    }

    /// The number of user records in a second.
    pub(super) fn user_records_per_s(&self) -> f64 {
        self.records_per_s * self.aggregated
    }

    /// The same records at another rate.
    pub(super) fn at(&self, user_records_per_s: f64) -> Self {
        Self { records_per_s: user_records_per_s / self.aggregated, ..self.clone() }
    }
}

/// The number of shards that a load needs. A shard takes 1,000 records and 1 MiB a second, with each record rounded up
/// to 1 KB, and gives 2 MiB a second to all readers together.
/// <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>
pub(super) fn shards(load: &Load, readers: f64) -> f64 {
    let kilobytes = load.counted_bytes_per_s(KB) / KB;
    let by_bytes = (kilobytes / 1024.0).ceil();
    let by_records = (load.records_per_s / 1000.0).ceil();
    let by_readers = (kilobytes * readers / 2048.0).ceil();
    by_bytes.max(by_records).max(by_readers).max(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "a count for people")]
pub(super) fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shards_are_what_the_guide_s_formula_gives() {
        for (bytes, rate, readers, expected) in [
            (512.0, 1_000.0, 1.0, 1.0),
            (512.0, 1_001.0, 1.0, 2.0),
            (1_025.0, 600.0, 1.0, 2.0),
            (1_024.0, 1_000.0, 3.0, 2.0),
            (100.0 * KB, 100.0, 2.0, 10.0),
            (100.0, 0.0, 2.0, 1.0),
        ] {
            let found = shards(&Load::of_size(bytes, rate), readers);
            assert!((found - expected).abs() < 0.5, "{found} {bytes} {rate} {readers}");
        }
    }

    proptest! {
        #[test]
        fn what_is_counted_is_at_least_what_there_is_and_less_than_a_step_more_each(
            sizes in prop::collection::vec(1_usize..200_000, 1..50), rate in 0.1_f64..10_000.0,
        ) {
            let load = Load::of_sample(&sizes, rate).unwrap();
            for step in [KB, 5.0 * KB, 25.0 * KB] {
                let (real, counted) = (load.bytes_per_s(), load.counted_bytes_per_s(step));
                prop_assert!(counted >= real * 0.999_999 && counted < real + step * rate * 1.000_001);
            }
        }

        #[test]
        fn packing_keeps_every_record_and_never_takes_more_units(bytes in 1_f64..30_000.0, rate in 1_f64..10_000.0) {
            let load = Load::of_size(bytes, rate);
            if let Some(packed) = load.packed() {
                prop_assert!((packed.user_records_per_s() - rate).abs() < 1e-6 * rate);
                prop_assert!(packed.steps_per_s(25.0 * KB) <= load.steps_per_s(25.0 * KB));
                prop_assert!(packed.mean_bytes() <= 25.0 * KB);
            }
        }
    }
}
