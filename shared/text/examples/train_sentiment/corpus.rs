//! The rated and labelled texts, and their features.

use std::path::Path;
use std::{fs, io};

use crate::ridge::Features;

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
#[derive(Default)]
pub(crate) struct Sample {
    pub(crate) id: String,
    /// Index of its file in `RATED`, then `LABELLED`, then `MEASURED`.
    pub(crate) set: usize,
    /// Mean rating or label.
    pub(crate) gold: f32,
    /// Slot and value for the rating; from `SLOTS` on the same features by row, times VADER's compound.
    for_rating: Vec<(usize, f32)>,
    /// Row and value for the neutrality.
    for_neutrality: Vec<(usize, f32)>,
    pub(crate) vader: [f32; VADER_FEATURES],
    /// Part of the cross-validation; texts of one document share it.
    pub(crate) fold: u64,
}

impl Sample {
    pub(crate) fn for_rating(&self) -> Features<'_> {
        (&self.for_rating, &self.vader)
    }

    pub(crate) fn for_neutrality(&self) -> Features<'_> {
        (&self.for_neutrality, &self.vader)
    }

    pub(crate) fn is_rated(&self) -> bool {
        self.set < RATED.len()
    }

    fn read_features(&mut self, reader: &mut Reader, text: &str) {
        let mut groups: [Vec<usize>; GROUPS] = std::array::from_fn(|_| Vec::new());
        self.vader = reader.read(text, |group, slot| groups[group as usize].push(slot));
        for (slots, weight) in groups.iter().zip(GROUP_WEIGHTS) {
            let value = weight / (slots.len().max(1) as f32).sqrt();
            self.for_rating.extend(slots.iter().map(|&slot| (slot, value)));
            self.for_neutrality.extend(slots.iter().map(|&slot| (slot / 2, value)));
        }
        add_up_equal(&mut self.for_rating);
        add_up_equal(&mut self.for_neutrality);
        let trust = self.vader[0] * TRUST_WEIGHT;
        self.for_rating.extend(self.for_neutrality.iter().map(|&(row, value)| (SLOTS + row, value * trust)));
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
            let mut sample = Sample {
                set,
                gold: gold.parse().map_err(io::Error::other)?,
                fold: fold(id),
                id: id.to_owned(),
                ..Sample::default()
            };
            sample.read_features(&mut reader, text);
            samples.push(sample);
        }
    }
    Ok(samples)
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

/// Makes one feature of those with the same slot.
fn add_up_equal(features: &mut Vec<(usize, f32)>) {
    features.sort_by_key(|&(slot, _)| slot);
    features.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0.0 };
        same
    });
}
