//! Every law on its seeds, and on inputs near them that are the same in every run.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

/// Inputs made from each seed.
const NEIGHBOURS: usize = 200;
/// No input is longer, as in `run.sh`.
const MAX_BYTES: usize = 16 << 10;

/// Checks a law on the seeds of its name and on their neighbours. A failure names the seed and which neighbour it was.
#[track_caller]
fn check(name: &str, law: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let mut seeds: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "no seeds in {}", folder.display());
    let all: Vec<Vec<u8>> = seeds.iter().map(|seed| fs::read(seed).unwrap()).collect();
    for (path, seed) in seeds.iter().zip(&all) {
        let mut random = fastrand::Rng::with_seed(seed.len() as u64);
        for number in 0..=NEIGHBOURS {
            let input = if number == 0 { seed.clone() } else { neighbour(seed, &all, &mut random) };
            assert!(
                std::panic::catch_unwind(|| law(&input)).is_ok(),
                "{name} does not hold for neighbour {number} of {}",
                path.display()
            );
        }
    }
}

/// A seed with a few bytes changed, put in, taken out or repeated, or joined to a part of another.
fn neighbour(seed: &[u8], all: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut input = seed.to_vec();
    for _ in 0..random.usize(1..6) {
        let at = random.usize(0..=input.len());
        let end = random.usize(at..=input.len().min(at + 64));
        match random.u8(0..6) {
            0 if at < input.len() => input[at] = random.u8(..),
            1 if at < input.len() => input[at] ^= 1 << random.u8(0..8),
            2 => input.insert(at, *random.choice(b"\0\n\"\\,|{}[]\x1f\x8b\xff0:").unwrap()),
            3 => drop(input.drain(at..end)),
            4 => {
                let again = input[at..end].to_vec();
                drop(input.splice(at..at, again));
            }
            _ => {
                let other = &all[random.usize(0..all.len())];
                input.truncate(at);
                input.extend_from_slice(&other[random.usize(0..=other.len())..]);
            }
        }
    }
    input.truncate(MAX_BYTES);
    input
}

#[test]
fn chunk() {
    check("chunk", fuzz::chunk::law);
}

#[test]
fn decoder() {
    check("decoder", fuzz::decoder::law);
}

#[test]
fn enrich() {
    check("enrich", fuzz::enrich::law);
}

#[test]
fn firehose_event() {
    check("firehose_event", fuzz::firehose_event::law);
}

#[test]
fn keywords() {
    check("keywords", fuzz::keywords::law);
}

#[test]
fn kinesis_event() {
    check("kinesis_event", fuzz::kinesis_event::law);
}

#[test]
fn kpl() {
    check("kpl", fuzz::kpl::law);
}

#[test]
fn payload() {
    check("payload", fuzz::payload::law);
}

#[test]
fn schema() {
    check("schema", fuzz::schema::law);
}

#[test]
fn sentiment() {
    check("sentiment", fuzz::sentiment::law);
}

#[test]
fn transform() {
    check("transform", fuzz::transform::law);
}
