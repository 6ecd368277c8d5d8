//! Writes an estimate as text for people and as JSON for programs.

use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::{Value, json};

use super::Estimate;
use super::bill::{Line, Mode, total};

/// Writes all estimates, with the ways of paying side by side.
pub(super) fn text(estimates: &[Estimate], prices: &super::prices::Prices) -> String {
    let mut lines = Vec::new();
    for estimate in estimates {
        lines.extend(one(estimate));
    }
    // Advantage is left out, since its commitment is one for the whole account, and a sum would count it for each
    // stream.
    let sums: Vec<String> = [Mode::Provisioned, Mode::OnDemand]
        .iter()
        .map(|mode| {
            let sum: f64 = estimates.iter().map(|estimate| total(estimate.bill(*mode))).sum();
            format!("{} {sum:.2}", mode.name())
        })
        .collect();
    if estimates.len() > 1 {
        lines.push(format!("all streams, USD a month: {}", sums.join(", ")));
    }
    lines.push(format!(
        "prices of {} at {}; kinflow estimate --show-prices says where each is from",
        prices.region, prices.date
    ));
    lines.join("\n")
}

fn one(estimate: &Estimate) -> Vec<String> {
    let plan = &estimate.plan;
    let mut lines = vec![format!(
        "{}: {:.1} records/s of {:.0} bytes on average, {:.0} shards, {:.0} consumers, {:.0} deliveries, kept for {:.0} h",
        estimate.name,
        plan.load.user_records_per_s(),
        plan.load.mean_bytes(),
        plan.shards(),
        plan.consumers,
        plan.deliveries,
        plan.retention_hours
    )];
    lines.push(bills(estimate));
    let lines_of_mode = estimate.bill(estimate.mode);
    let rounding: f64 = lines_of_mode.iter().map(|line| line.rounding_usd).sum();
    if rounding > 0.005 {
        let parts: Vec<String> = lines_of_mode
            .iter()
            .filter(|line| line.rounding_usd > 0.005)
            .map(|line| format!("{} {:.2}", line.name, line.rounding_usd))
            .collect();
        lines.push(format!(
            "of {} that is rounding: {rounding:.2} ({})",
            estimate.mode.name(),
            parts.join(", ")
        ));
    }
    if let Some(behind) = estimate.behind {
        let caught_up = behind
            .caught_up_s
            .map_or("never caught up".to_owned(), |s| format!("caught up {s:.0} s after it"));
        lines.push(format!(
            "in the burst: iterator age up to {:.0} s, {caught_up}, {:.0} records refused by the shards",
            behind.iterator_age_s, behind.refused
        ));
    }
    for (index, saving) in estimate.savings.iter().enumerate() {
        let first = if index == 0 { "largest saving" } else { "saving" };
        lines.push(format!("{first}: {} saves {:.2}; {}", saving.change, saving.usd, saving.price));
    }
    lines
}

/// A table of the bills, with a row for each line and a column for each way of paying.
fn bills(estimate: &Estimate) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(
        std::iter::once("USD a month").chain(Mode::ALL.map(Mode::name)).map(Cell::new).collect::<Vec<_>>(),
    );
    let mut names: Vec<&str> = Vec::new();
    for line in Mode::ALL.iter().flat_map(|mode| estimate.bill(*mode)) {
        if !names.contains(&line.name) {
            names.push(line.name);
        }
    }
    let usd = |lines: &[Line], name: &str| {
        lines.iter().find(|line| line.name == name).map_or(String::new(), |line| format!("{:.2}", line.usd))
    };
    for name in names {
        let cells = Mode::ALL.iter().map(|mode| usd(estimate.bill(*mode), name));
        table.add_row(std::iter::once(name.to_owned()).chain(cells).collect::<Vec<_>>());
    }
    let sums = Mode::ALL.iter().map(|mode| format!("{:.2}", total(estimate.bill(*mode))));
    table.add_row(std::iter::once("all".to_owned()).chain(sums).collect::<Vec<_>>());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

pub(super) fn json(estimates: &[Estimate], prices: &super::prices::Prices) -> Value {
    let streams: Vec<Value> = estimates
        .iter()
        .map(|estimate| {
            let bill = |mode: Mode| json!({"lines": estimate.bill(mode), "usd": total(estimate.bill(mode))});
            json!({
                "stream": estimate.name,
                "records_per_s": estimate.plan.load.user_records_per_s(),
                "mean_bytes": estimate.plan.load.mean_bytes(),
                "shards": estimate.plan.shards(),
                "bills": {
                    "provisioned": bill(Mode::Provisioned),
                    "on-demand": bill(Mode::OnDemand),
                    "advantage": bill(Mode::Advantage),
                },
                "mode": estimate.mode,
                "savings": estimate.savings,
                "burst": estimate.behind,
            })
        })
        .collect();
    json!({"region": prices.region, "date": prices.date, "streams": streams})
}

/// Writes every price, and whether it was confirmed.
pub(super) fn prices(prices: &super::prices::Prices) -> String {
    let mut lines = vec![format!("prices of {} at {}, in USD", prices.region, prices.date)];
    for (name, price) in prices.all() {
        let confirmed = price.confirmed.as_deref().unwrap_or("not confirmed: check it");
        lines.push(format!("{name} = {} a {}; {}; {confirmed}", price.usd, price.unit, price.source));
    }
    lines.join("\n")
}
