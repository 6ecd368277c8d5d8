//! `kinflow estimate`: computes how many shards a load needs, and what a month of it costs, line by line.

mod bill;
mod burst;
mod load;
mod output;
mod prices;
mod savings;
mod stack;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use self::bill::{Line, Mode, Plan};
use self::burst::{Behind, Burst};
use self::load::Load;
use self::prices::Prices;
use self::savings::Saving;
use crate::output::Output;
use crate::own_data::sizes;
use crate::run::parameter;
use crate::terminal;

/// The load, what reads it, and the prices.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  kinflow estimate --record-size 350 --rate 2000
  kinflow estimate --sample examples/crime.csv --rate 500 --deliveries 1 --burst 5000*600
  kinflow estimate --template template.yaml
  kinflow estimate --template template.yaml --record-size 130 --rate 500 --output json

A month has 730 hours; a KB has 1,024 bytes, and a GB has 1,024 * 1,024 KB. Lambda's time is computed from the processor
times in docs/cost.md. Without --rate, the streams of a template carry no records.

Exit codes: 0, done; 2, it could not run.")]
pub(crate) struct Arguments {
    /// Bytes of a record with its partition key
    #[arg(long, value_name = "BYTES", value_parser = positive, conflicts_with = "sample")]
    record_size: Option<f64>,
    /// A file whose lines are as long as the records
    #[arg(long, value_name = "FILE")]
    sample: Option<PathBuf>,
    /// Records a second
    #[arg(long, value_name = "RATE", value_parser = positive)]
    rate: Option<f64>,
    /// Take the streams from this template, with their retention, consumers and deliveries; each has the whole load
    #[arg(long, value_name = "FILE", conflicts_with_all = ["consumers", "deliveries", "retention", "shards"])]
    template: Option<PathBuf>,
    /// A parameter of the template
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter, requires = "template")]
    parameters: Vec<(String, String)>,
    /// Functions that read the stream
    #[arg(long, default_value_t = 1)]
    consumers: u16,
    /// Of these, those with enhanced fan-out
    #[arg(long, default_value_t = 0)]
    fan_out: u16,
    /// Delivery streams behind it, each with a transform
    #[arg(long, default_value_t = 0)]
    deliveries: u16,
    /// Hours that the stream keeps a record, 24 to 8760
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(24..=8760))]
    retention: u16,
    /// How many shards there are; by default as many as the load needs
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    shards: Option<u32>,
    /// Records are put in aggregates
    #[arg(long)]
    aggregated: bool,
    /// How the stream is paid for now; savings are compared with this
    #[arg(long, value_enum, default_value_t = PaidAs::Provisioned)]
    mode: PaidAs,
    /// A burst, such as 5000 records a second for ten minutes: 5000*600
    #[arg(long, value_name = "RATE*SECONDS", value_parser = burst::parse)]
    burst: Option<Burst>,
    /// A TOML file of prices that replace those of the command; --show-prices prints their names
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// One price, such as `shard_hour=0.018`
    #[arg(long = "price", value_name = "NAME=USD", value_parser = prices::own)]
    own_prices: Vec<(String, f64)>,
    /// Print the prices, where each is from and whether it was confirmed
    #[arg(long)]
    show_prices: bool,
    /// How the estimate is printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PaidAs {
    Provisioned,
    OnDemand,
    Advantage,
}

/// The estimate for one stream.
struct Estimate {
    name: String,
    plan: Plan,
    mode: Mode,
    bills: [Vec<Line>; 3],
    savings: Vec<Saving>,
    behind: Option<Behind>,
}

impl Estimate {
    fn of((name, plan): (String, Plan), mode: Mode, arguments: &Arguments, prices: &Prices) -> Self {
        let bills = Mode::ALL.map(|mode| plan.bill(mode, prices));
        let savings = savings::savings(&plan, mode, prices);
        let behind = arguments.burst.map(|burst| burst::behind(&plan, burst));
        Self { name, plan, mode, bills, savings, behind }
    }

    fn bill(&self, mode: Mode) -> &[Line] {
        let [provisioned, on_demand, advantage] = &self.bills;
        match mode {
            Mode::Provisioned => provisioned,
            Mode::OnDemand => on_demand,
            Mode::Advantage => advantage,
        }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let prices = Prices::of(arguments.prices.as_deref(), &arguments.own_prices)?;
    if arguments.show_prices {
        return print(&output::prices(&prices));
    }
    let mode = match arguments.mode {
        PaidAs::Provisioned => Mode::Provisioned,
        PaidAs::OnDemand => Mode::OnDemand,
        PaidAs::Advantage => Mode::Advantage,
    };
    let load = arguments.load()?;
    let plans = match &arguments.template {
        Some(template) => stack::plans(template, &arguments.parameters, &load)?,
        None => vec![("stream".to_owned(), arguments.plan(load)?)],
    };
    let of = |plan| Estimate::of(plan, mode, arguments, &prices);
    let estimates: Vec<Estimate> = plans.into_iter().map(of).collect();
    match arguments.output {
        Output::Text => print(&output::text(&estimates, &prices)),
        Output::Json => print(&serde_json::to_string_pretty(&output::json(&estimates, &prices))?),
    }
}

impl Arguments {
    fn load(&self) -> Result<Load, Box<dyn Error>> {
        let load =
            match (&self.sample, self.record_size, self.rate) {
                (Some(sample), _, Some(rate)) => {
                    let sizes = sizes(sample)
                        .map_err(|error| format!("sample {} can't be read: {error}", sample.display()))?;
                    let none = || format!("sample {} has no line", sample.display());
                    Load::of_sample(&sizes, rate).ok_or_else(none)?
                }
                (None, Some(bytes), Some(rate)) => Load::of_size(bytes, rate),
                (None, None, None) if self.template.is_some() => Load::of_size(1024.0, 0.0),
                _ => return Err(
                    "a load is --rate with --record-size or --sample, such as --record-size 350 --rate 2000"
                        .into(),
                ),
            };
        if !self.aggregated {
            return Ok(load);
        }
        load.packed()
            .ok_or_else(|| "records of this size are not aggregated: two of them are over 25 KB".into())
    }

    fn plan(&self, load: Load) -> Result<Plan, String> {
        if self.fan_out > self.consumers {
            return Err(format!("--fan-out is {}, and there are {} consumers", self.fan_out, self.consumers));
        }
        Ok(Plan {
            load,
            shards: self.shards.map(f64::from),
            consumers: f64::from(self.consumers),
            fan_out: f64::from(self.fan_out),
            deliveries: f64::from(self.deliveries),
            transforms: f64::from(self.deliveries),
            retention_hours: f64::from(self.retention),
            consumer_mb: stack::CONSUMER_MB,
        })
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let number =
        text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0 && *number <= 1e9);
    number.ok_or_else(|| "expected a number above 0, up to 1,000,000,000".to_owned())
}

/// Prints a text. It is no failure if the reader, such as `head`, closes the pipe early.
fn print(text: &str) -> Result<ExitCode, Box<dyn Error>> {
    match writeln!(io::stdout().lock(), "{}", terminal::lines(text)) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
