//! Changes that would cost less, with the largest saving first.

use serde::Serialize;

use super::bill::{Mode, Plan, total};
use super::prices::Prices;

/// A change, and how much less a month costs with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Saving {
    pub(super) change: String,
    pub(super) usd: f64,
    /// The disadvantage of the change.
    pub(super) price: &'static str,
}

/// Every change that costs less than `mode` costs now.
pub(super) fn savings(plan: &Plan, mode: Mode, prices: &Prices) -> Vec<Saving> {
    let cost = |plan: &Plan, mode| total(&plan.bill(mode, prices));
    let now = cost(plan, mode);
    let mut found = Vec::new();
    let mut add = |change: String, cost: f64, price| {
        let usd = now - cost;
        if usd > 0.005 {
            found.push(Saving { change, usd, price });
        }
    };
    if let Some(packed) = plan.load.packed() {
        let change = format!("aggregate {:.0} records into one (\"aggregate\": true)", packed.aggregated);
        let packed = Plan { load: packed, ..plan.clone() };
        add(
            change,
            cost(&packed, mode),
            "readers take aggregates apart, and a record waits for its neighbours",
        );
    }
    for other in Mode::ALL.into_iter().filter(|other| *other != mode) {
        add(format!("pay as {}", other.name()), cost(plan, other), given_up(other));
    }
    if plan.retention_hours > 24.0 {
        let day = Plan { retention_hours: 24.0, ..plan.clone() };
        add(
            "keep records for 24 hours (RetentionHours=24)".to_owned(),
            cost(&day, mode),
            "a day less to notice an alarm",
        );
    }
    if mode == Mode::Provisioned && plan.shards.is_some() {
        let fewer = Plan { shards: None, ..plan.clone() };
        let change = format!("run {:.0} shards, not {:.0}", fewer.shards(), plan.shards());
        add(change, cost(&fewer, mode), "less room for a burst");
    }
    if plan.fan_out > 0.0 {
        let shared = Plan { fan_out: 0.0, ..plan.clone() };
        add(
            "read without enhanced fan-out".to_owned(),
            cost(&shared, mode),
            "readers share 2 MiB a second of a shard",
        );
    }
    found.sort_by(|one, other| other.usd.total_cmp(&one.usd));
    found
}

/// The disadvantage of another way of paying.
fn given_up(mode: Mode) -> &'static str {
    match mode {
        Mode::Provisioned => "shards are scaled by you",
        Mode::OnDemand => "data is paid for, and capacity is not",
        Mode::Advantage => "a setting of the whole account, which then pays for 25 MiB a second at least",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::load::Load;

    #[test]
    fn the_largest_saving_comes_first_and_each_is_the_difference_of_two_bills() {
        let prices = Prices::of(None, &[]).unwrap();
        let plan = Plan {
            load: Load::of_size(130.0, 3_000.0),
            shards: Some(8.0),
            consumers: 1.0,
            fan_out: 0.0,
            deliveries: 1.0,
            transforms: 1.0,
            retention_hours: 48.0,
            consumer_mb: 512.0,
        };
        let savings = savings(&plan, Mode::Provisioned, &prices);
        assert!(savings[0].change.starts_with("aggregate "), "{savings:?}");
        assert!(savings.is_sorted_by(|one, other| one.usd >= other.usd));
        let day = Plan { retention_hours: 24.0, ..plan.clone() };
        let expected =
            total(&plan.bill(Mode::Provisioned, &prices)) - total(&day.bill(Mode::Provisioned, &prices));
        let found = savings.iter().find(|saving| saving.change.contains("24 hours")).unwrap();
        assert!((found.usd - expected).abs() < 1e-9);
    }
}
