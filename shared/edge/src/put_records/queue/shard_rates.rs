//! How much each shard may still take this second.

use tokio::time::Instant;

/// The most that one shard is sent. Kinesis takes 1,000 records and 1 MiB a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShardRate {
    /// Kinesis records a second.
    pub records_per_s: f64,
    /// Bytes a second, partition keys included.
    pub bytes_per_s: f64,
}

impl ShardRate {
    /// The documented limit of a shard.
    pub const KINESIS: Self = Self { records_per_s: 1000.0, bytes_per_s: 1_048_576.0 };
}

/// A token bucket of one second for each shard.
///
/// A bucket may go below zero by one record, so that a record of any size can be sent.
#[derive(Debug)]
pub(crate) struct ShardRates {
    rate: ShardRate,
    buckets: Vec<Bucket>,
    filled_at: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    records: f64,
    bytes: f64,
}

impl ShardRates {
    pub(crate) fn new(rate: ShardRate, shards: usize, now: Instant) -> Self {
        let full = Bucket { records: rate.records_per_s, bytes: rate.bytes_per_s };
        Self { rate, buckets: vec![full; shards], filled_at: now }
    }

    /// Adds what has become free since the last call.
    pub(crate) fn refill(&mut self, now: Instant) {
        let elapsed_s = now.duration_since(self.filled_at).as_secs_f64();
        self.filled_at = now;
        let ShardRate { records_per_s, bytes_per_s } = self.rate;
        for bucket in &mut self.buckets {
            bucket.records = (bucket.records + records_per_s * elapsed_s).min(records_per_s);
            bucket.bytes = (bucket.bytes + bytes_per_s * elapsed_s).min(bytes_per_s);
        }
    }

    /// Takes one record out of a shard's bucket. If the bucket is empty, returns the moment at which to ask
    /// again. An unknown shard has no limit.
    pub(crate) fn take(&mut self, shard: usize, bytes: usize) -> Result<(), Instant> {
        let Some(bucket) = self.buckets.get_mut(shard) else { return Ok(()) };
        if bucket.records >= 1.0 && bucket.bytes > 0.0 {
            bucket.records -= 1.0;
            #[allow(clippy::cast_precision_loss, reason = "records are far below 2^52 bytes")]
            let bytes = bytes as f64;
            bucket.bytes -= bytes;
            return Ok(());
        }
        let for_records = (1.0 - bucket.records) / self.rate.records_per_s;
        let for_bytes = -bucket.bytes / self.rate.bytes_per_s;
        // At least a millisecond, so that waiting always makes progress.
        let wait_s = for_records.max(for_bytes).clamp(0.001, 3600.0);
        Err(self.filled_at + std::time::Duration::from_secs_f64(wait_s))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_shard_takes_its_rate_each_second_and_no_more() {
        let start = Instant::now();
        let rate = ShardRate { records_per_s: 10.0, bytes_per_s: 1000.0 };
        let mut rates = ShardRates::new(rate, 1, start);
        let mut taken = 0;
        for millis in 0..3000 {
            rates.refill(start + Duration::from_millis(millis));
            while rates.take(0, 10).is_ok() {
                taken += 1;
            }
        }
        assert!((39..=40).contains(&taken), "10 at once and 10 in each of 3 s, was {taken}");
    }

    #[test]
    fn a_record_over_the_bytes_of_a_second_is_sent_and_paid_off_later() {
        let start = Instant::now();
        let mut rates = ShardRates::new(ShardRate { records_per_s: 10.0, bytes_per_s: 100.0 }, 2, start);
        assert_eq!(rates.take(0, 500), Ok(()));
        assert!(rates.take(0, 1).unwrap_err() >= start + Duration::from_secs(4));
        assert_eq!(rates.take(1, 1), Ok(()), "the other shard is not touched");
        assert_eq!(rates.take(7, 1), Ok(()), "an unknown one has no limit");
    }
}
