//! Trains the sentiment model and writes its weights: `train_sentiment DATA_FOLDER WEIGHTS_FILE [PREDICTIONS_FOLDER]`.
//!
//! The folder holds the rated files `tweets`, `amazon`, `movie` and `nyt` (`id`, `mean`, `text`), the labelled files
//! `train_semeval` and `train_dynasent` (`id`, `label`, `text`) and `semeval2016`, which is measured and never
//! trained on, each as `.tsv`. VADER's lexicon trains too; it ships with the crate. The same files give the same bytes.
//! The table it prints is cross-validated: no text was seen by the weights that rate it there. The predictions behind
//! the table go to a `.jsonl` file for each set, if asked.
#![allow(clippy::indexing_slicing, clippy::cast_precision_loss, clippy::cast_possible_truncation)]

mod corpus;
mod leaning;
mod report;
mod ridge;
mod second_stage;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use corpus::{FOLDS, LABELLED, MEASURED, RATED, RatedWord, Sample};
use ridge::{Target, Weights};
use text::training::{Estimate, HEADS, ROW_SLOTS, ROWS, SLOTS, TERMS, label, terms_of};

/// Inverse of the ridge for a rated text; a labelled one counts less, as its label says less.
const STRENGTH: f32 = 0.4;
const OF_LABELLED: [f32; 2] = [0.4, 0.8];
/// The same for a word of VADER's lexicon.
const OF_WORD: f32 = 0.25;
/// Rating a text labelled positive must reach.
const LABELLED_RATING: f32 = 1.5;
/// How much a rated text counts as one that is not neutral.
const RATED_NOT_NEUTRAL: [f32; 4] = [0.6, 0.2, 0.2, 0.2];

/// The first stage.
struct Heads {
    rating: Weights,
    neutrality: Weights,
}

/// The second stage.
struct Stage {
    rating: [f32; TERMS],
    polarity: [f32; TERMS],
}

impl Stage {
    fn fit(rated: &[(&Sample, Estimate)]) -> Self {
        Self { rating: second_stage::fit_rating(rated), polarity: second_stage::fit_polarity(rated) }
    }

    fn of(&self, first: Estimate, sample: &Sample) -> Estimate {
        let terms = terms_of(first, &sample.vader);
        let sum = |weights: &[f32; TERMS]| {
            terms.iter().zip(weights).map(|(term, weight)| term * weight).sum::<f32>()
        };
        Estimate { rating: sum(&self.rating).clamp(-4.0, 4.0), polarity: sum(&self.polarity), ..first }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: train_sentiment DATA_FOLDER WEIGHTS_FILE [PREDICTIONS_FOLDER]".into());
    };
    let predictions = arguments.next();
    let samples = corpus::read(&folder)?;
    let lexicon = corpus::lexicon()?;
    let unseen = unseen_estimates(&samples, &lexicon);
    print_table(&samples, &unseen, predictions.as_deref())?;
    let rated: Vec<_> = samples.iter().zip(unseen).filter(|(sample, _)| sample.is_rated()).collect();
    let weights = bytes(&train(&samples, &lexicon, None), &Stage::fit(&rated));
    fs::write(&file, &weights)?;
    println!("{} bytes to {}", weights.len(), file.display());
    Ok(())
}

/// Trains the first stage on VADER's lexicon and all texts that may train but those of one fold. `SemEval`'s texts are
/// in every fold's training, as no measure is taken on them.
fn train(samples: &[Sample], lexicon: &[RatedWord], without: Option<u64>) -> Heads {
    let may_train =
        |sample: &&Sample| !sample.is_measured_only() && (sample.set == 4 || Some(sample.fold) != without);
    let mut rating = Vec::new();
    let mut neutrality = Vec::new();
    for sample in samples.iter().filter(may_train) {
        if sample.is_rated() {
            rating.push((sample.for_rating(), Target::Near(sample.gold), STRENGTH));
            neutrality.push((
                sample.for_neutrality(),
                Target::AtMost(-1.0),
                STRENGTH * RATED_NOT_NEUTRAL[sample.set],
            ));
            continue;
        }
        let rating_target = match sample.gold {
            gold if gold > 0.0 => Target::AtLeast(LABELLED_RATING),
            gold if gold < 0.0 => Target::AtMost(-LABELLED_RATING),
            _ => Target::Near(0.0),
        };
        let neutral = if sample.gold == 0.0 { Target::AtLeast(1.0) } else { Target::AtMost(-1.0) };
        rating.push((sample.for_rating(), rating_target, STRENGTH * OF_LABELLED[sample.set - RATED.len()]));
        neutrality.push((sample.for_neutrality(), neutral, STRENGTH * OF_LABELLED[0]));
    }
    rating
        .extend(lexicon.iter().map(|word| (word.features(), Target::Near(word.rating), STRENGTH * OF_WORD)));
    Heads {
        rating: rounded(ridge::fit(&leaning::variances(&rating, STRENGTH, LABELLED_RATING), &rating)),
        neutrality: rounded(ridge::fit(&vec![1.0; ROWS], &neutrality)),
    }
}

/// Weights as the file will hold them, so that the table measures what ships.
fn rounded(mut weights: Weights) -> Weights {
    let slots = SLOTS.min(weights.slots.len());
    let (first, trust) = weights.slots.split_at_mut(slots);
    for part in [first, trust].into_iter().filter(|part| !part.is_empty()) {
        let scale = scale(part);
        for weight in part {
            *weight = f32::from(quantised(*weight, scale)) * scale;
        }
    }
    weights
}

/// The value of one step: the largest of the weights but for one in 20,000 is 127 steps.
fn scale(weights: &[f32]) -> f32 {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).collect();
    sizes.sort_by(f32::total_cmp);
    (sizes[sizes.len() - 1 - sizes.len() / 20_000] / 127.0).max(1e-6)
}

fn quantised(weight: f32, scale: f32) -> i8 {
    (weight / scale).round().clamp(-127.0, 127.0) as i8
}

/// Each text's estimate by heads that have not seen it; of a text that is measured only, the mean of all folds'.
fn unseen_estimates(samples: &[Sample], lexicon: &[RatedWord]) -> Vec<Estimate> {
    let mut estimates = vec![Estimate::default(); samples.len()];
    for fold in 0..FOLDS {
        let heads = train(samples, lexicon, Some(fold));
        for (sample, estimate) in samples.iter().zip(&mut estimates) {
            let share = match (sample.is_measured_only(), sample.fold == fold) {
                (true, _) => 1.0 / FOLDS as f32,
                (false, true) => 1.0,
                (false, false) => continue,
            };
            estimate.rating += share * heads.rating.of(sample.for_rating());
            estimate.neutrality += share * heads.neutrality.of(sample.for_neutrality());
        }
    }
    estimates
}

/// Correlation, weighted F1 and macro recall of every file, and VADER's correlation beside it. The second stage is
/// fitted without the fold it rates.
fn print_table(samples: &[Sample], unseen: &[Estimate], predictions: Option<&Path>) -> io::Result<()> {
    let stages: Vec<Stage> = (0..FOLDS)
        .map(|fold| {
            let pairs = samples.iter().zip(unseen.iter().copied());
            Stage::fit(
                &pairs.filter(|(sample, _)| sample.is_rated() && sample.fold != fold).collect::<Vec<_>>(),
            )
        })
        .collect();
    println!("{:<16}{:>7}{:>9}{:>9}{:>9}{:>9}", "set", "texts", "vader r", "r", "w. F1", "m. recall");
    for (set, name) in RATED.iter().chain(&LABELLED).chain([&MEASURED]).enumerate() {
        if set == RATED.len() {
            continue;
        }
        let mut confusion = report::Confusion::default();
        let (mut ours, mut vader) = (Vec::new(), Vec::new());
        let mut lines = String::new();
        for (sample, &first) in samples.iter().zip(unseen).filter(|(sample, _)| sample.set == set) {
            let estimate = stages[sample.fold as usize].of(first, sample);
            confusion.count(sample.gold, label(estimate));
            lines += &report::prediction(&sample.id, estimate.rating / 4.0, label(estimate));
            ours.push((f64::from(estimate.rating), f64::from(sample.gold)));
            vader.push((f64::from(sample.vader[0]), f64::from(sample.gold)));
        }
        if let Some(folder) = predictions {
            fs::write(folder.join(format!("{name}.unseen.jsonl")), lines)?;
        }
        println!(
            "{name:<16}{:>7}{:>9.4}{:>9.4}{:>9.4}{:>9.4}",
            ours.len(),
            report::correlation(&vader),
            report::correlation(&ours),
            confusion.weighted_f1(),
            confusion.macro_recall()
        );
    }
    Ok(())
}

/// The file: scales, VADER's weights for rating and neutrality, the second stage, and the heads' bytes row by row.
fn bytes(heads: &Heads, second: &Stage) -> Vec<u8> {
    let (rating, trust) = heads.rating.slots.split_at(SLOTS);
    let parts: [&[f32]; HEADS] = [rating, &heads.neutrality.slots, trust];
    let scales = parts.map(scale);
    let floats = scales.iter().chain(&heads.rating.vader).chain(&heads.neutrality.vader);
    let floats = floats.chain(&second.rating).chain(&second.polarity);
    let mut bytes: Vec<u8> = floats.flat_map(|float| float.to_le_bytes()).collect();
    for row in 0..ROWS {
        let byte = |head: usize, slot: usize| quantised(parts[head][slot], scales[head]).cast_unsigned();
        bytes.extend((row * ROW_SLOTS..(row + 1) * ROW_SLOTS).map(|slot| byte(0, slot)));
        bytes.extend([byte(1, row), byte(2, row)]);
    }
    bytes
}
