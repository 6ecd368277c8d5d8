//! The rated and labelled texts, and their features.

use std::path::Path;
use std::{fs, io};

use text::training::{GROUP_WEIGHTS, GROUPS, Reader, SLOTS, TRUST_WEIGHT, VADER_FEATURES};

/// Files with a mean rating of -4 to 4; all may train, and are measured by cross-validation.
pub(crate) const RATED: [&str; 4] = ["tweets", "amazon", "movie", "nyt"];
/// Files with a label of -1, 0 or 1 that may train.
pub(crate) const LABELLED: [&str; 2] = ["train_semeval", "train_dynasent"];
/// A labelled file that is measured only.
pub(crate) const MEASURED: &str = "semeval2016";
/// Parts of the cross-validation.
pub(crate) const FOLDS: u64 = 5;

/// A text as the trainer sees it.
pub(crate) struct Sample {
    /// Index of its file in `RATED`, then `LABELLED`, then `MEASURED`.
    pub(crate) set: usize,
    /// Mean rating or label.
    pub(crate) gold: f32,
    /// Slot and value; slots from `SLOTS` on are the same features times VADER's compound.
    pub(crate) features: Vec<(usize, f32)>,
    pub(crate) vader: [f32; VADER_FEATURES],
    /// Part of the cross-validation; texts of one document share it.
    pub(crate) fold: u64,
}

impl Sample {
    pub(crate) fn is_rated(&self) -> bool {
        self.set < RATED.len()
    }

    pub(crate) fn is_measured_only(&self) -> bool {
        self.set == RATED.len() + LABELLED.len()
    }
}

/// Reads every file of the folder, in the order of the lists above.
pub(crate) fn read(folder: &Path) -> io::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    let mut reader = Reader::default();
    for (set, name) in RATED.iter().chain(&LABELLED).chain([&MEASURED]).enumerate() {
        for line in fs::read_to_string(folder.join(format!("{name}.tsv")))?.lines().skip(1) {
            let mut columns = line.splitn(3, '\t');
            let (Some(id), Some(gold), Some(text)) = (columns.next(), columns.next(), columns.next()) else {
                return Err(io::Error::other(format!("{name}.tsv has a line of fewer than three columns")));
            };
            let (features, vader) = features(&mut reader, text);
            let gold = gold.parse().map_err(io::Error::other)?;
            samples.push(Sample { set, gold, features, vader, fold: fold(id) });
        }
    }
    Ok(samples)
}

fn features(reader: &mut Reader, text: &str) -> (Vec<(usize, f32)>, [f32; VADER_FEATURES]) {
    let mut groups: [Vec<usize>; GROUPS] = std::array::from_fn(|_| Vec::new());
    let vader = reader.read(text, |group, slot| groups[group as usize].push(usize::from(slot)));
    let values = groups.iter().zip(GROUP_WEIGHTS).flat_map(|(slots, weight)| {
        let value = weight / (slots.len().max(1) as f32).sqrt();
        slots.iter().map(move |&slot| (slot, value))
    });
    let mut all: Vec<(usize, f32)> = values.collect();
    all.sort_by_key(|&(slot, _)| slot);
    all.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0.0 };
        same
    });
    let trust: Vec<_> =
        all.iter().map(|&(slot, value)| (slot + SLOTS, value * vader[0] * TRUST_WEIGHT)).collect();
    all.extend(trust);
    (all, vader)
}

/// By the document: `amazon/12_3` is the third sentence of review 12.
fn fold(id: &str) -> u64 {
    let document =
        if id.starts_with("amazon/") || id.starts_with("nyt/") { id.split('_').next() } else { None };
    let hash = document.unwrap_or(id).bytes().fold(1_469_598_103_934_665_603_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
    });
    (hash >> 33) % FOLDS
}
