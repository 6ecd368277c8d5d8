//! The rated and labelled texts, and their features.

use std::path::Path;
use std::{fs, io};

use crate::ridge::Features;

use text::training::{GROUP_WEIGHTS, GROUPS, Group, ROW_SLOTS, Reader, SLOTS, TRUST_WEIGHT, VADER_FEATURES};

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
        self.for_rating = scaled(&groups);
        self.for_neutrality =
            self.for_rating.iter().map(|&(slot, value)| (slot / ROW_SLOTS, value)).collect();
        add_up_equal(&mut self.for_neutrality);
        let trust = self.vader[0] * TRUST_WEIGHT;
        if trust != 0.0 {
            let rows = self.for_neutrality.iter();
            self.for_rating.extend(rows.map(|&(row, value)| (SLOTS + row, value * trust)));
        }
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

/// A word or emoticon of VADER's lexicon: it teaches itself and its pieces, so that what looks like it is rated like it.
pub(crate) struct RatedWord {
    slots: Vec<(usize, f32)>,
    pub(crate) rating: f32,
}

impl RatedWord {
    /// Without VADER's numbers, which say what the lexicon says.
    pub(crate) fn features(&self) -> Features<'_> {
        (&self.slots, &[0.0; VADER_FEATURES])
    }
}

/// VADER's lexicon, which ships with the crate.
pub(crate) fn lexicon() -> io::Result<Vec<RatedWord>> {
    let mut reader = Reader::default();
    let mut words = Vec::new();
    for line in include_str!("../../data/vader/vader_lexicon.txt").lines() {
        let mut columns = line.split('\t');
        let (Some(word), Some(rating)) = (columns.next(), columns.next()) else { continue };
        let mut groups: [Vec<usize>; GROUPS] = std::array::from_fn(|_| Vec::new());
        reader.read(word, |group, slot| {
            if group != Group::Pairs {
                groups[group as usize].push(slot);
            }
        });
        words.push(RatedWord { slots: scaled(&groups), rating: rating.parse().map_err(io::Error::other)? });
    }
    Ok(words)
}

/// Each slot once, with its value: a group's features count as much as the group, whatever their number.
fn scaled(groups: &[Vec<usize>; GROUPS]) -> Vec<(usize, f32)> {
    let mut features = Vec::new();
    for (slots, weight) in groups.iter().zip(GROUP_WEIGHTS) {
        let value = weight / (slots.len().max(1) as f32).sqrt();
        features.extend(slots.iter().map(|&slot| (slot, value)));
    }
    add_up_equal(&mut features);
    features
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
