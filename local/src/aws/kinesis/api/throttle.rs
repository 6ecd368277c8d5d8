//! Limits what a shard takes and gives in a second. It is off by default, since one machine can do far more.
//!
//! <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use template::ACCOUNT;

use crate::aws::kinesis::store::{Now, Origin, shard_id};

const RECORDS_A_SECOND: i64 = 1_000;
const BYTES_IN_A_SECOND: i64 = 1 << 20;
const READS_A_SECOND: i64 = 5;
const BYTES_OUT_A_SECOND: i64 = 2 << 20;

/// A shard of a stream.
pub(super) type ShardKey = (Origin, u32);

/// The limits of each shard: 1,000 records and 1 MiB in, 5 reads and 2 MiB out, each second.
#[derive(Default)]
pub(super) struct Throttle(Mutex<HashMap<ShardKey, Budgets>>);

struct Budgets {
    records: Budget,
    bytes_in: Budget,
    reads: Budget,
    bytes_out: Budget,
}

/// What is left of a second's allowance, in thousandths. It refills with time.
struct Budget {
    a_second: i64,
    left: i64,
    at_ms: u64,
}

impl Budget {
    fn full(a_second: i64, now: Now) -> Self {
        Self { a_second, left: a_second * 1000, at_ms: now.0 }
    }

    /// Whether this much may be spent now. More than a second's allowance may be spent once the whole
    /// allowance is there.
    fn has(&mut self, amount: i64, now: Now) -> bool {
        let passed_ms = i64::try_from(now.0.saturating_sub(self.at_ms)).unwrap_or(i64::MAX);
        let filled = self.left.saturating_add(passed_ms.saturating_mul(self.a_second));
        (self.left, self.at_ms) = (filled.min(self.a_second * 1000), now.0);
        self.left >= amount.min(self.a_second) * 1000
    }

    fn spend(&mut self, amount: i64) {
        self.left -= amount * 1000;
    }
}

impl Throttle {
    /// Whether a shard takes a record of this many bytes now.
    pub(super) fn takes_record(&self, shard: ShardKey, bytes: usize, now: Now) -> bool {
        self.with(shard, now, |budgets| {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            let is_taken = budgets.records.has(1, now) && budgets.bytes_in.has(bytes, now);
            if is_taken {
                budgets.records.spend(1);
                budgets.bytes_in.spend(bytes);
            }
            is_taken
        })
    }

    /// Whether a shard may be read now.
    pub(super) fn takes_read(&self, shard: ShardKey, now: Now) -> bool {
        self.with(shard, now, |budgets| {
            let is_taken = budgets.reads.has(1, now) && budgets.bytes_out.has(0, now);
            if is_taken {
                budgets.reads.spend(1);
            }
            is_taken
        })
    }

    /// A shard returned this many bytes. After 10 MiB it returns nothing for five seconds.
    pub(super) fn gave(&self, shard: ShardKey, bytes: usize, now: Now) {
        self.with(shard, now, |budgets| {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            let has_left = budgets.bytes_out.has(0, now);
            if has_left && bytes > BYTES_OUT_A_SECOND {
                budgets.bytes_out.left = 0;
            }
            budgets.bytes_out.spend(bytes);
        });
    }

    fn with<T>(&self, shard: ShardKey, now: Now, use_of: impl FnOnce(&mut Budgets) -> T) -> T {
        let mut shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        use_of(shards.entry(shard).or_insert_with(|| Budgets {
            records: Budget::full(RECORDS_A_SECOND, now),
            bytes_in: Budget::full(BYTES_IN_A_SECOND, now),
            reads: Budget::full(READS_A_SECOND, now),
            bytes_out: Budget::full(BYTES_OUT_A_SECOND, now),
        }))
    }
}

/// AWS's message about it.
pub(super) fn message(shard: u32, stream: &str) -> String {
    format!("Rate exceeded for shard {} in stream {stream} under account {ACCOUNT}.", shard_id(shard))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Now {
        Now(1_800_000_000_000 + ms)
    }

    #[test]
    fn a_shard_takes_a_thousand_records_a_second() {
        let (throttle, shard) = (Throttle::default(), (Origin::new(1), 0));
        let taken = |ms| (0..2_000).filter(|_| throttle.takes_record(shard, 10, at(ms))).count();
        assert_eq!((taken(0), taken(0), taken(500), taken(5_000)), (1_000, 0, 500, 1_000));
    }

    #[test]
    fn a_shard_takes_a_mebibyte_a_second_and_a_larger_record_when_it_took_nothing() {
        let (throttle, shard) = (Throttle::default(), (Origin::new(1), 0));
        let takes = |bytes, ms| throttle.takes_record(shard, bytes, at(ms));
        assert!(takes(900_000, 0) && !takes(900_000, 0) && takes(900_000, 1_000));
        assert!(takes(5 << 20, 3_000) && !takes(1, 7_000) && takes(1, 7_100));
    }

    #[test]
    fn a_shard_is_read_five_times_a_second_and_rests_after_ten_mebibytes() {
        let (throttle, shard) = (Throttle::default(), (Origin::new(1), 0));
        let reads = |ms| (0..20).filter(|_| throttle.takes_read(shard, at(ms))).count();
        assert_eq!((reads(0), reads(200)), (5, 1));
        throttle.gave(shard, 10 << 20, at(1_000));
        assert_eq!((reads(5_999), reads(6_000)), (0, 5));
    }
}
