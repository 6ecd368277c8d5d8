//! The arguments of `kinflow put`.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use edge::put_records::{Compression, KeyRule, Packing};
use edge::sources::Format;

use super::Summary;
use crate::aws::AwsArguments;
use crate::output::Output;

/// Which file is put, on which stream, in which form.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub(crate) struct Arguments {
    /// CSV with a header or JSON lines, gzip, zstd or neither; `-` is standard input
    #[arg(required_unless_present = "follow", requires = "stream")]
    pub(super) file: Option<PathBuf>,
    /// Follow the files of a TOML file to their streams until Ctrl-C: rotated ones too, each from where it was put to
    #[arg(long, value_name = "CONFIG", conflicts_with_all = ["file", "stream", "rate"])]
    pub(super) follow: Option<PathBuf>,
    /// The stream's name
    #[arg(long)]
    stream: Option<String>,
    /// A built-in schema's name, or a TOML file
    #[arg(long, default_value = "crime", value_name = "NAME|FILE")]
    pub(super) schema: String,
    /// What the file holds; by default its ending decides
    #[arg(long, value_parser = format_parser())]
    format: Option<Format>,
    /// Partition keys: random, constant:TEXT, field:NAME, template:TEXT or hash-key:NAME
    #[arg(long, default_value = "random", value_parser = key_rule, value_name = "RULE")]
    key: KeyRule,
    /// Compress each record if that makes it smaller
    #[arg(long, conflicts_with = "zstd")]
    gzip: bool,
    /// Compress with zstd instead
    #[arg(long)]
    zstd: bool,
    /// End each record with a line end, inside its compression, and compress every one or none, so that a raw copy of the
    /// stream reads line by line
    #[arg(long)]
    line_ends: bool,
    /// Put many records into one Kinesis record, as the KPL does
    #[arg(long, conflicts_with = "order_per_key")]
    aggregate: bool,
    /// Cut records that exceed the stream's limit into chunks
    #[arg(long)]
    chunks: bool,
    /// Keep the records of each key in order
    #[arg(long)]
    pub(super) order_per_key: bool,
    /// The most records a second
    #[arg(long, value_parser = rate, value_name = "RECORDS")]
    pub(super) rate: Option<f64>,
    /// Send each shard at most 1,000 records and 1 MiB a second
    #[arg(long)]
    pub(super) keep_shard_limits: bool,
    #[command(flatten)]
    pub(super) aws: AwsArguments,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl Arguments {
    /// The stream's name.
    pub(super) fn stream(&self) -> &str {
        self.stream.as_deref().unwrap_or_default()
    }

    /// What the file holds: as is said, or as its name ends.
    pub(super) fn format(&self, file: &Path) -> Format {
        self.format.unwrap_or_else(|| by_ending(file))
    }

    /// What standard input holds: as is said, or as it begins.
    pub(super) fn format_or(&self, found: Format) -> Format {
        self.format.unwrap_or(found)
    }

    pub(super) fn packing(&self) -> Packing {
        let compression = match (self.gzip, self.zstd) {
            (true, _) => Compression::Gzip,
            (_, true) => Compression::Zstd,
            _ => Compression::None,
        };
        Packing {
            key: self.key.clone(),
            compression,
            aggregate: self.aggregate,
            chunks: self.chunks,
            order_per_key: self.order_per_key,
            line_ends: self.line_ends,
        }
    }

    pub(super) fn print(&self, summary: &Summary) -> Result<(), Box<dyn Error>> {
        let text = match self.output {
            Output::Text => summary.text(),
            Output::Json => serde_json::to_string(summary)? + "\n",
        };
        Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
    }
}

/// `.csv` and `.csv.gz` are CSV, everything else JSON lines.
fn by_ending(file: &Path) -> Format {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    if Path::new(plain).extension().is_some_and(|ending| ending == "csv") {
        Format::Csv
    } else {
        Format::JsonLines
    }
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let word = PossibleValuesParser::new(["csv", "json-lines"]);
    word.map(|word| if word == "csv" { Format::Csv } else { Format::JsonLines })
}

fn key_rule(text: &str) -> Result<KeyRule, String> {
    let rule = match text.split_once(':') {
        None if text == "random" => KeyRule::Random,
        Some(("constant", key)) => KeyRule::Constant(key.to_owned()),
        Some(("field", name)) => KeyRule::Field(name.to_owned()),
        Some(("template", template)) => KeyRule::Template(template.to_owned()),
        Some(("hash-key", name)) => KeyRule::HashKey(name.to_owned()),
        _ => {
            return Err(
                "expected random, constant:TEXT, field:NAME, template:TEXT or hash-key:NAME".to_owned()
            );
        }
    };
    Ok(rule)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "expected a number over 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_ending_says() {
        for (name, format) in [
            ("a.csv", Format::Csv),
            ("a.CSV.gz", Format::Csv),
            ("a.jsonl", Format::JsonLines),
            ("a.json.gz", Format::JsonLines),
            ("a", Format::JsonLines),
        ] {
            assert_eq!(by_ending(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn key_rules_are_read_and_what_is_none_is_refused() {
        assert_eq!(key_rule("field:user.id"), Ok(KeyRule::Field("user.id".into())));
        assert_eq!(key_rule("template:{a}:{b}"), Ok(KeyRule::Template("{a}:{b}".into())));
        assert!(key_rule("rendom").is_err() && key_rule("x:y").is_err());
        assert!(rate("0").is_err() && rate("inf").is_err() && rate("2.5").is_ok());
    }
}
