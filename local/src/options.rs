//! What a run is asked to do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Settings of one run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The SAM template.
    pub template: PathBuf,
    /// The folder for everything the run writes; made where it is not there.
    pub data_dir: PathBuf,
    /// The folder with the functions' binaries.
    pub binaries: PathBuf,
    /// Files to run through the pipeline. None: the template's schedules run until `stop`.
    pub inputs: Vec<Input>,
    /// Put aside what earlier runs left in the folder, and begin anew. Without it the run goes on where the last one
    /// in the folder ended, however it ended.
    pub fresh: bool,
    /// End once every input is delivered, and do not wait for the signal to drain.
    pub drain: bool,
    /// End a drain in which nothing was taken for so long, and name what is undelivered.
    pub drain_timeout: Duration,
    /// Values for the template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Port of the Kinesis endpoint; 0 takes any free one.
    pub kinesis_port: u16,
    /// Port of the S3 endpoint; 0 takes any free one.
    pub s3_port: u16,
    /// Hold each shard to what AWS's takes and gives in a second, and refuse what is beyond, so that a producer that
    /// ignores refusals is found out. Else a shard takes and gives what the machine can.
    pub throttle: bool,
    /// Origins of web pages that may call the endpoints, such as `http://localhost:5173`. Every other is refused.
    pub allowed_origins: Vec<String>,
}

/// A file for a data set's producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The data set's name, such as `crime`.
    pub data_set: String,
    /// CSV by its ending, else JSON lines.
    pub path: PathBuf,
}

impl Input {
    /// The name of the source's format in a producer's event, by the file's ending.
    pub(crate) fn format(&self) -> &'static str {
        let ends_with = |path: &Path, ending: &str| {
            path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
        };
        // A compressed file is named for what is in it.
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
