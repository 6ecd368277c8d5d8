//! How far behind a consumer falls in a burst.

use serde::Serialize;

use super::bill::Plan;
use super::load::KB;

/// A rate of records that lasts for some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Burst {
    pub(super) records_per_s: f64,
    pub(super) seconds: f64,
}

/// What happens in a burst.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Behind {
    /// The number of records that the shards refuse during the burst. A producer has to put them again.
    pub(super) refused: f64,
    /// The greatest age of a record when it is read.
    pub(super) iterator_age_s: f64,
    /// The time from the burst's end until nothing waits any more, or `None` if it never comes.
    pub(super) caught_up_s: Option<f64>,
}

/// Parses `RATE*SECONDS`.
pub(super) fn parse(text: &str) -> Result<Burst, String> {
    let expected = || format!("found {text:?}, expected RATE*SECONDS such as 5000*600");
    let (rate, seconds) = text.split_once('*').ok_or_else(expected)?;
    let number =
        |text: &str| text.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    match (number(rate), number(seconds)) {
        (Some(records_per_s), Some(seconds)) => Ok(Burst { records_per_s, seconds }),
        _ => Err(expected()),
    }
}

/// Computes what happens in a burst that is spread evenly over the shards, with one batch of each shard at a time.
pub(super) fn behind(plan: &Plan, burst: Burst) -> Behind {
    let shards = plan.shards();
    let load = plan.load.at(burst.records_per_s);
    let by_bytes =
        shards * 1024.0 / (load.counted_bytes_per_s(KB) / KB / load.records_per_s.max(f64::MIN_POSITIVE));
    let taken = load.records_per_s.min(shards * 1000.0).min(by_bytes);
    let refused = (load.records_per_s - taken) * burst.seconds * load.aggregated;
    let (comes, goes) = (taken * load.aggregated, plan.service_per_shard() * shards);
    let waits = (comes - goes).max(0.0) * burst.seconds;
    let calm = plan.load.user_records_per_s();
    let caught_up_s = if waits <= 0.0 { Some(0.0) } else { (goes > calm).then(|| waits / (goes - calm)) };
    Behind { refused, iterator_age_s: waits / goes, caught_up_s }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::load::Load;

    fn plan(shards: f64) -> Plan {
        Plan {
            load: Load::of_size(100.0, 500.0),
            shards: Some(shards),
            consumers: 1.0,
            fan_out: 0.0,
            deliveries: 0.0,
            transforms: 0.0,
            retention_hours: 24.0,
            consumer_mb: 512.0,
        }
    }

    #[test]
    fn a_shard_refuses_what_is_over_its_thousand_and_a_consumer_that_keeps_up_is_never_behind() {
        let behind = behind(&plan(1.0), Burst { records_per_s: 3_000.0, seconds: 60.0 });
        assert_eq!(behind, Behind { refused: 120_000.0, iterator_age_s: 0.0, caught_up_s: Some(0.0) });
    }

    #[test]
    fn what_is_aggregated_comes_faster_than_it_is_read_and_waits() {
        let slow = Plan { load: Load::of_size(100.0, 500.0).packed().unwrap(), ..plan(1.0) };
        let service = slow.service_per_shard();
        let behind = behind(&slow, Burst { records_per_s: service * 1.5, seconds: 100.0 });
        // The bytes of a shard may be less than that; what is taken decides.
        assert!(behind.iterator_age_s >= 0.0 && behind.iterator_age_s <= 50.0 + 1e-6, "{behind:?}");
        assert!(parse("5000*600").is_ok() && parse("5000").is_err() && parse("-1*2").is_err());
    }
}
