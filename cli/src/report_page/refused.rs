//! The rows that were put aside: how many there are for each reason, and the first ones with where they came from.

use std::collections::BTreeMap;
use std::path::Path;

use record_model::put_aside::{Origin, PutAside};
use serde::Serialize;

use super::columns::shown;
use super::sample;

/// The most files of a folder that are read.
const MAX_FILES: usize = 2_000;
/// The most rows that are shown one by one.
const MAX_ROWS: usize = 50;
/// The most characters of a row that are shown.
const MAX_PAYLOAD_CHARS: usize = 240;

/// The rows that were put aside in a run.
#[derive(Debug, Default, Serialize)]
pub(super) struct Refused {
    /// The reasons with their counts, with the most frequent one first.
    reasons: Vec<(String, u64)>,
    rows: Vec<Row>,
    /// Whether there are files that were not read.
    is_cut: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    place: String,
    reason: String,
    payload: String,
}

impl Refused {
    /// Reads the files in these folders that were written since `since_ms`.
    pub(super) fn of<'f>(folders: impl Iterator<Item = &'f Path>, since_ms: i64) -> Self {
        let mut refused = Self::default();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for folder in folders {
            let files = sample::files(folder, since_ms);
            refused.is_cut |= files.len() > MAX_FILES;
            for file in files.iter().take(MAX_FILES) {
                sample::lines(file, |line| {
                    // The delivery stream's own objects in this folder are skipped, because the transform's reasons
                    // name the same rows.
                    if let Ok(row) = PutAside::read(line) {
                        *counts.entry(kind(&row)).or_default() += 1;
                        if refused.rows.len() < MAX_ROWS {
                            refused.rows.push(Row::of(&row));
                        }
                    }
                });
            }
        }
        refused.reasons = counts.into_iter().collect();
        refused.reasons.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
        refused
    }
}

/// The reason in a few words.
fn kind(row: &PutAside<'_>) -> String {
    match &row.reason.field {
        Some(field) => format!("{} of {field}", row.reason.kind),
        None => row.reason.kind.to_string(),
    }
}

impl Row {
    fn of(row: &PutAside<'_>) -> Self {
        let place = match &row.origin {
            Origin::Source { source, position, .. } => {
                let name = source.rsplit('/').next().unwrap_or_default();
                format!("{name}, byte {position}")
            }
            Origin::Stream { shard_id, sequence_number, .. } => {
                let shard = shard_id.trim_start_matches("shardId-").trim_start_matches('0');
                let tail = sequence_number.len().saturating_sub(8);
                let shard = if shard.is_empty() { "0" } else { shard };
                format!("shard {shard}, …{}", sequence_number.get(tail..).unwrap_or_default())
            }
        };
        let payload = match row.payload().map(String::from_utf8) {
            Ok(Ok(text)) => match text.char_indices().nth(MAX_PAYLOAD_CHARS) {
                Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
                None => text,
            },
            Ok(Err(bytes)) => format!("{} bytes that are no text", bytes.as_bytes().len()),
            Err(error) => error.to_string(),
        };
        Self { place: shown(&place), reason: row.reason.message.to_string(), payload }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_aside_is_told_with_place_and_reason_whoever_wrote_it() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/put_aside"));
        let refused = Refused::of([folder].into_iter(), 0);
        assert_eq!(refused.rows.len(), 5, "{refused:?}");
        assert!(refused.rows.iter().any(|row| row.payload == "not json"), "{refused:?}");
        assert!(refused.reasons.iter().any(|(reason, _)| reason == "bad_field of district"), "{refused:?}");
    }
}
