//! A bounded sample of the lines in a folder's files, spread evenly over files and lines.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use edge::clock::since_epoch_ms;
use record_model::compress;
use serde_json::Value;

/// The most files that are read. If there are more, files at equal distances are chosen.
const MAX_FILES: usize = 64;
/// The most files and folders that are looked at.
const MAX_ENTRIES: usize = 100_000;
/// The most bytes of one file that are read, after decompression.
const MAX_BYTES: u64 = 4 << 20;
/// The number of records at which a sample is aimed. It has fewer than twice as many.
const MAX_RECORDS: usize = 2_000;

/// Records of a folder's files, in their order.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) records: Vec<Value>,
    /// The number of records that were read.
    pub(super) seen: u64,
    /// One record of this many is kept.
    stride: u64,
}

impl Sample {
    /// Samples the files in a folder that were written since `since_ms`. Files and lines that can't be read are
    /// skipped, since charts can do without them.
    pub(super) fn of(folder: &Path, since_ms: i64) -> Self {
        let mut sample = Self { stride: 1, ..Self::default() };
        let files = files(folder, since_ms);
        let step = files.len().div_ceil(MAX_FILES).max(1);
        for file in files.iter().step_by(step) {
            lines(file, |line| {
                if let Ok(record @ Value::Object(_)) = serde_json::from_slice(line) {
                    sample.add(record);
                }
            });
        }
        sample
    }

    /// A sample that has this member of each record instead of the record.
    pub(super) fn members(&self, name: &str) -> Self {
        let members =
            self.records.iter().filter_map(|record| record.get(name)).filter(|member| member.is_object());
        Self { records: members.cloned().collect(), ..*self }
    }

    fn add(&mut self, record: Value) {
        let at = self.seen;
        self.seen += 1;
        if !at.is_multiple_of(self.stride.max(1)) {
            return;
        }
        self.records.push(record);
        if self.records.len() >= 2 * MAX_RECORDS {
            let mut at = 0;
            self.records.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.stride *= 2;
        }
    }
}

/// The files in a folder and its subfolders that were written since `since_ms`, sorted by name.
pub(super) fn files(folder: &Path, since_ms: i64) -> Vec<PathBuf> {
    let (mut found, mut open, mut entries) = (Vec::new(), vec![folder.to_owned()], 0);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            entries += 1;
            let Ok(kind) = entry.file_type() else { continue };
            if entries > MAX_ENTRIES {
                break;
            } else if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                let modified =
                    entry.metadata().and_then(|metadata| metadata.modified()).unwrap_or(UNIX_EPOCH);
                // File systems store times less exactly than the clock gives them.
                if since_epoch_ms(modified).saturating_add(1_000) >= since_ms {
                    found.push(entry.path());
                }
            }
        }
    }
    found.sort();
    found
}

/// Gives the first lines of a file to `tell`, decompressed. A file that can't be read has none.
pub(super) fn lines(path: &Path, mut tell: impl FnMut(&[u8])) {
    let Ok(mut file) = File::open(path).map(BufReader::new) else { return };
    let head = file.fill_buf().unwrap_or_default();
    let (is_gzip, is_zstd) = (compress::is_gzip(head), compress::is_zstd(head));
    let unpacked: Box<dyn Read> = if is_gzip {
        Box::new(flate2::bufread::MultiGzDecoder::new(file))
    } else if is_zstd {
        match zstd::stream::read::Decoder::with_buffer(file) {
            Ok(decoder) => Box::new(decoder),
            Err(_) => return,
        }
    } else {
        Box::new(file)
    };
    let mut unpacked = BufReader::new(unpacked.take(MAX_BYTES));
    let mut line = Vec::new();
    loop {
        line.clear();
        match unpacked.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => tell(line.trim_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_all_lines_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<String> = (0..20_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        let text = lines.concat();
        fs::write(folder.path().join("a"), zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
        fs::write(folder.path().join("b"), "no json\n").unwrap();
        let sample = Sample::of(folder.path(), 0);
        assert_eq!(sample.seen, 20_000);
        assert!((MAX_RECORDS..2 * MAX_RECORDS).contains(&sample.records.len()), "{}", sample.records.len());
        let numbers: Vec<i64> = sample.records.iter().map(|record| record["n"].as_i64().unwrap()).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] - pair[0] == numbers[1] - numbers[0]), "{numbers:?}");
        assert!(*numbers.last().unwrap() > 19_900);
        assert_eq!(Sample::of(folder.path(), i64::MAX).seen, 0);
    }
}
