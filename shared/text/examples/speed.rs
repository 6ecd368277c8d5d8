//! Texts per CPU second beside the crate vader-parity: `speed FOLDER`, a folder of `id`, value, text in `.tsv` files.
//!
//! The runs take turns, so that a busy machine slows all of them alike; the ratios are what to read.

use std::time::{Duration, Instant};
use std::{env, fs};

use text::Analyzer;
use vader_parity::SentimentIntensityAnalyzer;

const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::args().nth(1).ok_or("usage: speed FOLDER")?;
    let mut texts = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "tsv") {
            let rows = fs::read_to_string(&path)?;
            texts
                .extend(rows.lines().skip(1).filter_map(|row| row.splitn(3, '\t').nth(2)).map(str::to_owned));
        }
    }
    texts.truncate(20_000);
    let oracle = SentimentIntensityAnalyzer::new();
    let mut ours = Analyzer::new();
    let mut best = [Duration::MAX; 3];
    let mut sum = 0.0;
    for _ in 0..ROUNDS {
        let rounds = [
            timed(&texts, |text| sum += oracle.polarity_scores(text).compound),
            timed(&texts, |text| sum += ours.vader(text).compound),
            timed(&texts, |text| sum += ours.sentiment(text).score),
        ];
        best.iter_mut().zip(rounds).for_each(|(best, round)| *best = round.min(*best));
    }
    let names = ["vader-parity", "kinflow, exact VADER", "kinflow, score and label"];
    println!("{:<26}{:>12}{:>8}", format!("{} texts", texts.len()), "us a text", "times");
    for (name, time) in names.iter().zip(best) {
        let each = time.as_secs_f64() * 1e6 / f64::from(u32::try_from(texts.len())?);
        println!("{name:<26}{each:>12.2}{:>8.1}", best[0].as_secs_f64() / time.as_secs_f64());
    }
    std::hint::black_box(sum);
    Ok(())
}

fn timed(texts: &[String], mut score: impl FnMut(&str)) -> Duration {
    let start = Instant::now();
    for text in texts {
        score(text);
    }
    start.elapsed()
}
