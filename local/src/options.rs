//! What a run is asked to do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use edge::opensearch::OpenSearch;

/// Settings of one run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The SAM template.
    pub template: PathBuf,
    /// The folder to which the run writes everything. It is created if it does not exist.
    pub data_dir: PathBuf,
    /// The folder with the functions' binaries.
    pub binaries: PathBuf,
    /// Files to run through the pipeline. If there are none, the template's schedules run until `stop`.
    pub inputs: Vec<Input>,
    /// Puts aside what earlier runs left in the folder, and begins anew. Without it, the run continues where
    /// the last one in the folder ended, however it ended.
    pub fresh: bool,
    /// Ends the run once every input is delivered, without waiting for the signal to drain.
    pub drain: bool,
    /// Ends a drain in which no records were taken for this long, and reports what is not delivered.
    pub drain_timeout: Duration,
    /// Values for the template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Port of the Kinesis endpoint; 0 means any free one.
    pub kinesis_port: u16,
    /// Port of the S3 endpoint; 0 means any free one.
    pub s3_port: u16,
    /// Limits each shard to what an AWS shard takes and gives in a second, and refuses the rest, so that a
    /// producer that ignores refusals is noticed. Without it, a shard takes and gives as much as the machine
    /// can.
    pub throttle: bool,
    /// The server of OpenSearch that the template's deliveries to OpenSearch go to; without one they are left out. A user
    /// and a password in it are told to nobody.
    pub opensearch: Option<OpenSearch>,
    /// Origins of web pages that may call the endpoints, such as `http://localhost:5173`. Every other is refused.
    pub allowed_origins: Vec<String>,
    /// The page of the run; `None`: there is none.
    pub page: Option<PageOptions>,
}

/// Settings of the page of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageOptions {
    /// Its port; 0 takes any free one. `None`: 4569, or any free one where that is taken.
    pub port: Option<u16>,
    /// A folder with the page's files, read anew with each request, for whoever works on them. `None`: those that are
    /// compiled in.
    pub assets: Option<PathBuf>,
}

/// A file for a data set's producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The data set's name, such as `crime`.
    pub data_set: String,
    /// The file's path. It is CSV if its name ends so, otherwise JSON lines.
    pub path: PathBuf,
}

impl Input {
    /// The name that a producer's event has for the file's format, by the file's ending.
    pub(crate) fn format(&self) -> &'static str {
        let ends_with = |path: &Path, ending: &str| {
            path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
        };
        // A compressed file is named after its content.
        let inner =
            if ends_with(&self.path, "gz") { self.path.with_extension("") } else { self.path.clone() };
        if ends_with(&inner, "csv") { "csv" } else { "json-lines" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_names_the_format() {
        let format = |path: &str| Input { data_set: "x".to_owned(), path: path.into() }.format();
        assert_eq!(format("a/b.CSV"), "csv");
        assert_eq!(format("rows.csv.gz"), "csv");
        assert_eq!(format("tweets.jsonl"), "json-lines");
    }
}
