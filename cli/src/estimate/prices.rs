//! The table of prices: those that are compiled in, replaced by those of a file and of the command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

const SHIPPED: &str = include_str!("prices.toml");

/// The prices of one region on one day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prices {
    pub(super) region: String,
    pub(super) date: String,
    #[serde(rename = "prices")]
    by_name: BTreeMap<String, Price>,
}

/// The price of one unit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    pub(super) usd: f64,
    pub(super) unit: String,
    pub(super) source: String,
    /// Where the price was confirmed. Without it, the price is to be checked.
    pub(super) confirmed: Option<String>,
}

impl Prices {
    /// The compiled-in table, with the prices that a file and the command line replace.
    pub(super) fn of(file: Option<&Path>, own: &[(String, f64)]) -> Result<Self, String> {
        let mut prices = Self::parse(SHIPPED, "the table that ships")?;
        if let Some(path) = file {
            let name = path.display().to_string();
            let text =
                fs::read_to_string(path).map_err(|error| format!("prices {name} can't be read: {error}"))?;
            let others = Self::parse(&text, &name)?;
            (prices.region, prices.date) = (others.region, others.date);
            for (name_of_price, price) in others.by_name {
                prices.known(&name_of_price).map_err(|error| format!("prices {name}: {error}"))?;
                prices.by_name.insert(name_of_price, price);
            }
        }
        for (name, usd) in own {
            prices.known(name).map_err(|error| format!("--price: {error}"))?;
            if let Some(price) = prices.by_name.get_mut(name) {
                (price.usd, price.confirmed) = (*usd, Some("the command line".to_owned()));
            }
        }
        Ok(prices)
    }

    fn parse(text: &str, name: &str) -> Result<Self, String> {
        let prices: Self = toml::from_str(text).map_err(|error| format!("{name}: {}", error.message()))?;
        let wrong = prices.by_name.iter().find(|(_, price)| !price.usd.is_finite() || price.usd < 0.0);
        wrong.map_or(Ok(()), |(wrong, price)| {
            Err(format!("{name}: price {wrong} is {}, expected 0 or more", price.usd))
        })?;
        Ok(prices)
    }

    fn known(&self, name: &str) -> Result<(), String> {
        let names = || self.by_name.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        if self.by_name.contains_key(name) {
            Ok(())
        } else {
            Err(format!("there is no price {name:?}, but {}", names()))
        }
    }

    /// The price of one unit, in USD.
    pub(super) fn usd(&self, name: &str) -> f64 {
        self.by_name.get(name).map_or(0.0, |price| price.usd)
    }

    /// Every price with its name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &Price)> {
        self.by_name.iter()
    }
}

/// Parses `NAME=USD` of the command line.
pub(super) fn own(text: &str) -> Result<(String, f64), String> {
    let expected = || format!("found {text:?}, expected NAME=USD such as shard_hour=0.018");
    let (name, usd) = text.split_once('=').ok_or_else(expected)?;
    let usd: f64 =
        usd.parse().ok().filter(|usd: &f64| usd.is_finite() && *usd >= 0.0).ok_or_else(expected)?;
    Ok((name.to_owned(), usd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_the_command_line_change_what_they_name_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prices.toml");
        let of = |text: &str| {
            fs::write(&path, text).unwrap();
            Prices::of(Some(&path), &[("put_unit".to_owned(), 1.0)])
        };
        let mine = "region = \"eu-west-1\"\ndate = \"2026-12-01\"\n[prices.shard_hour]\nusd = 0.017\nunit = \"u\"\nsource = \"s\"\n";
        let prices = of(mine).unwrap();
        assert_eq!(
            (prices.usd("shard_hour"), prices.usd("put_unit"), prices.usd("firehose_gb")),
            (0.017, 1.0, 0.029)
        );
        assert_eq!((prices.region.as_str(), prices.date.as_str()), ("eu-west-1", "2026-12-01"));
        for (from, to) in [("0.017", "-1"), ("shard_hour", "shrad_hour"), ("usd", "eur"), ("0.017", "nan")] {
            assert!(of(&mine.replace(from, to)).is_err(), "{to}");
        }
        assert!(own("shard_hour=0.02").is_ok() && own("shard_hour").is_err() && own("a=-1").is_err());
    }
}
