//! The bill of a month, line by line.

use serde::Serialize;

use super::load::{GB, HOURS, KB, Load, SECONDS, shards};
use super::prices::Prices;

/// Processor time of one record, and the time that a batch waits, in seconds. The first two were measured, see
/// docs/cost.md, and the last is an assumption.
const CONSUMER_S: f64 = 12.2e-6;
const TRANSFORM_S: f64 = 2.0e-6;
const BATCH_WAIT_S: f64 = 0.05;
/// The memory with which Lambda gives a function one core, in MB.
const CORE_MB: f64 = 1769.0;
/// Settings of the template: batch size, batching window, the transform's memory, and the delivery stream's buffer.
const BATCH: f64 = 1000.0;
const WINDOW_S: f64 = 5.0;
const TRANSFORM_MB: f64 = 256.0;
const DELIVERY_BUFFER: f64 = 5.0 * 1024.0 * 1024.0;
const DELIVERY_S: f64 = 60.0;
/// The bytes that an invocation logs.
const LOG_BYTES: f64 = 1500.0;
/// The throughput that On-demand Advantage bills an account for at least, for reads and for writes.
const ADVANTAGE_BYTES_PER_S: f64 = 25.0 * 1024.0 * 1024.0;

/// How a stream is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mode {
    Provisioned,
    OnDemand,
    Advantage,
}

impl Mode {
    pub(super) const ALL: [Self; 3] = [Self::Provisioned, Self::OnDemand, Self::Advantage];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::OnDemand => "on demand",
            Self::Advantage => "advantage",
        }
    }
}

/// One stream with what reads it.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) load: Load,
    /// The number of shards that was given, or `None` for as many as the load needs.
    pub(super) shards: Option<f64>,
    /// The number of functions that read the stream.
    pub(super) consumers: f64,
    /// How many of these have enhanced fan-out.
    pub(super) fan_out: f64,
    /// The number of delivery streams.
    pub(super) deliveries: f64,
    /// How many of these have a transform.
    pub(super) transforms: f64,
    pub(super) retention_hours: f64,
    pub(super) consumer_mb: f64,
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) quantity: f64,
    pub(super) unit: &'static str,
    pub(super) usd: f64,
    /// The part that is paid only because records are rounded up to steps.
    pub(super) rounding_usd: f64,
}

impl Plan {
    /// The number of readers that share 2 MiB a second of each shard.
    fn readers(&self) -> f64 {
        self.consumers - self.fan_out + self.deliveries
    }

    pub(super) fn shards(&self) -> f64 {
        self.shards.unwrap_or_else(|| shards(&self.load, self.readers()))
    }

    /// All lines of a month's bill that cost something.
    pub(super) fn bill(&self, mode: Mode, prices: &Prices) -> Vec<Line> {
        let mut lines = match mode {
            Mode::Provisioned => self.provisioned(prices),
            Mode::OnDemand | Mode::Advantage => self.on_demand(mode, prices),
        };
        lines.extend(self.firehose(prices));
        lines.extend(self.functions(prices));
        lines.retain(|line| line.usd > 0.0);
        lines
    }

    fn provisioned(&self, prices: &Prices) -> Vec<Line> {
        let shard_hours = self.shards() * HOURS;
        let units = self.load.steps_per_s(25.0 * KB) * SECONDS;
        let real_units = self.load.bytes_per_s() / (25.0 * KB) * SECONDS;
        let beyond_a_day = if self.retention_hours > 24.0 { shard_hours } else { 0.0 };
        let fan_out_hours = self.fan_out * shard_hours;
        vec![
            line("shards", shard_hours, "shard hours", prices.usd("shard_hour")),
            rounded(("PUT units", units, "units"), prices.usd("put_unit"), real_units),
            line("retention", beyond_a_day, "shard hours", prices.usd("retention_shard_hour")),
            line(
                "retention over 7 days",
                self.stored_gb(168.0),
                "GB-months",
                prices.usd("retention_long_gb_month"),
            ),
            line("fan-out", fan_out_hours, "consumer-shard hours", prices.usd("fan_out_shard_hour")),
            line("fan-out read", self.gb() * self.fan_out, "GB", prices.usd("fan_out_gb")),
        ]
    }

    fn on_demand(&self, mode: Mode, prices: &Prices) -> Vec<Line> {
        let is_advantage = mode == Mode::Advantage;
        let name = |of: &str| format!("{}_{of}", if is_advantage { "advantage" } else { "on_demand" });
        let counted = self.load.counted_bytes_per_s(KB);
        // The commitment is one for the whole account. Here it is computed as if this were the account's only stream.
        let least = if is_advantage { ADVANTAGE_BYTES_PER_S } else { 0.0 };
        let gb = |bytes_per_s: f64| bytes_per_s.max(least) * SECONDS / GB;
        let stream_hours = if is_advantage { 0.0 } else { HOURS };
        let fan_out =
            if is_advantage { prices.usd("advantage_out_gb") } else { prices.usd("on_demand_fan_out_gb") };
        vec![
            line("stream", stream_hours, "stream hours", prices.usd("on_demand_stream_hour")),
            rounded(("data in", gb(counted), "GB"), prices.usd(&name("in_gb")), self.gb()),
            rounded(
                ("data out", gb(counted * self.readers()), "GB"),
                prices.usd(&name("out_gb")),
                self.gb() * self.readers(),
            ),
            line("retention", self.stored_gb(24.0), "GB-months", prices.usd(&name("retention_gb_month"))),
            line("fan-out read", counted * SECONDS / GB * self.fan_out, "GB", fan_out),
        ]
    }

    fn firehose(&self, prices: &Prices) -> Vec<Line> {
        let counted = self.load.counted_bytes_per_s(5.0 * KB) * SECONDS / GB * self.deliveries;
        let objects = (self.load.bytes_per_s() * SECONDS / DELIVERY_BUFFER).max(SECONDS / DELIVERY_S);
        let objects = if self.load.records_per_s > 0.0 { objects * self.deliveries } else { 0.0 };
        vec![
            rounded(("Firehose", counted, "GB"), prices.usd("firehose_gb"), self.gb() * self.deliveries),
            line("objects of Firehose", objects, "PUTs", prices.usd("s3_put")),
        ]
    }

    fn functions(&self, prices: &Prices) -> Vec<Line> {
        let records = self.load.user_records_per_s() * SECONDS;
        if records <= 0.0 {
            return Vec::new();
        }
        let batches = records / self.batch() * self.consumers;
        let consumer_s =
            batches * BATCH_WAIT_S + records * self.consumers * CONSUMER_S / (self.consumer_mb / CORE_MB);
        let transforms = (self.load.bytes_per_s() * SECONDS / (1024.0 * 1024.0)).max(SECONDS / DELIVERY_S);
        let transforms = transforms * self.transforms;
        let typing_s = records * self.transforms * TRANSFORM_S / (TRANSFORM_MB / CORE_MB);
        let gb_seconds = consumer_s * self.consumer_mb / 1024.0 + typing_s * TRANSFORM_MB / 1024.0;
        let invocations = batches + transforms;
        vec![
            line("Lambda time", gb_seconds, "GB-seconds", prices.usd("lambda_gb_second")),
            line("Lambda requests", invocations, "requests", prices.usd("lambda_request")),
            line("objects of consumers", batches, "PUTs", prices.usd("s3_put")),
            line("logs", invocations * LOG_BYTES / GB, "GB", prices.usd("logs_gb")),
        ]
    }

    /// The number of records in one batch: as many as arrive within the batching window.
    fn batch(&self) -> f64 {
        (self.load.user_records_per_s() / self.shards() * WINDOW_S).clamp(1.0, BATCH)
    }

    /// The number of records that the consumer of one shard processes in a second, one batch after the other.
    pub(super) fn service_per_shard(&self) -> f64 {
        BATCH / (BATCH_WAIT_S + BATCH * CONSUMER_S / (self.consumer_mb / CORE_MB))
    }

    fn gb(&self) -> f64 {
        self.load.bytes_per_s() * SECONDS / GB
    }

    /// The data that is kept for longer than `beyond` hours, in GB.
    fn stored_gb(&self, beyond: f64) -> f64 {
        self.load.bytes_per_s() * (self.retention_hours - beyond).max(0.0) * 3600.0 / GB
    }
}

/// The sum of a bill.
pub(super) fn total(lines: &[Line]) -> f64 {
    lines.iter().map(|line| line.usd).sum()
}

fn line(name: &'static str, quantity: f64, unit: &'static str, price: f64) -> Line {
    Line { name, quantity, unit, usd: quantity * price, rounding_usd: 0.0 }
}

/// A line whose quantity would be `real` without rounding or a minimum.
fn rounded((name, quantity, unit): (&'static str, f64, &'static str), price: f64, real: f64) -> Line {
    let rounding_usd = (quantity - real).max(0.0) * price;
    Line { rounding_usd, ..line(name, quantity, unit, price) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(bytes: f64, rate: f64) -> Plan {
        Plan {
            load: Load::of_size(bytes, rate),
            shards: None,
            consumers: 1.0,
            fan_out: 0.0,
            deliveries: 1.0,
            transforms: 1.0,
            retention_hours: 48.0,
            consumer_mb: 512.0,
        }
    }

    fn usd(lines: &[Line], name: &str) -> f64 {
        lines.iter().find(|line| line.name == name).map_or(0.0, |line| line.usd)
    }

    /// Sums by hand: a thousand records of one KB a second are one shard and 2,628 million records a month.
    #[test]
    fn lines_are_what_they_are_by_hand() {
        let prices = Prices::of(None, &[]).unwrap();
        let plan = plan(KB, 1000.0);
        let bill = plan.bill(Mode::Provisioned, &prices);
        let near =
            |found: f64, expected: f64| assert!((found - expected).abs() < 0.005, "{found} {expected}");
        near(usd(&bill, "shards"), 730.0 * 0.015);
        near(usd(&bill, "retention"), 730.0 * 0.020);
        near(usd(&bill, "PUT units"), 2628.0 * 0.014);
        near(usd(&bill, "Firehose"), 2628e6 * 5.0 / 1024.0 / 1024.0 * 0.029);
        let on_demand = plan.bill(Mode::OnDemand, &prices);
        near(usd(&on_demand, "stream"), 730.0 * 0.04);
        near(usd(&on_demand, "data in"), 2628e6 / 1024.0 / 1024.0 * 0.08);
        near(usd(&on_demand, "data out"), 2.0 * 2628e6 / 1024.0 / 1024.0 * 0.04);
        let rounding: f64 = bill.iter().map(|line| line.rounding_usd).sum();
        near(rounding, 2628.0 * 0.014 * 24.0 / 25.0 + 2628e6 * 4.0 / 1024.0 / 1024.0 * 0.029);
    }

    #[test]
    fn advantage_bills_at_least_its_commitment() {
        let prices = Prices::of(None, &[]).unwrap();
        let bill = plan(KB, 1.0).bill(Mode::Advantage, &prices);
        let least = 25.0 * SECONDS / 1024.0 * 0.032;
        assert!((usd(&bill, "data in") - least).abs() < 0.01);
    }

    #[test]
    fn a_stream_at_rest_costs_its_shards_and_nothing_else() {
        let prices = Prices::of(None, &[]).unwrap();
        let rest = Plan { retention_hours: 24.0, ..plan(KB, 0.0) };
        let bill = rest.bill(Mode::Provisioned, &prices);
        assert_eq!(bill.iter().map(|line| line.name).collect::<Vec<_>>(), ["shards"]);
    }
}
