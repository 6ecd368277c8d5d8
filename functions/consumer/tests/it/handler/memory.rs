//! Memory: every batch is read within the function's memory, a record that exceeds its share is poison by
//! itself, and the memory that was taken is released.

#![allow(clippy::format_collect, reason = "a test may be plain where it costs nothing")]

use allocation_counter::measure;
use record_model::Schema;
use record_model::compress::{Gzip, Zstd};
use record_model::kpl::{Aggregator, Draft};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::event::{Record, event};
use super::{Fixture, success};

const MIB: usize = 1 << 20;
/// What the process takes beside what is counted here: its code, its stacks and the client of S3.
const PROCESS_BYTES: usize = 40 * MIB;
/// Buffers that are kept for the next batch.
const KEPT_BYTES: i64 = 24 << 20;

/// One object a record, with members of any name collected, and rows of a name and a text.
const JSON: &str = "name = \"odd\"\nform = \"json\"\nextra_fields = \"collect\"\ntext = \"text\"\n\
    [[fields]]\nname = \"id\"\ntype = \"string\"\n[[fields]]\nname = \"text\"\ntype = \"string\"\nunescape_html = true\n";
const ROWS: &str = "name = \"odd\"\nform = \"delimited\"\ndelimiter = \"|\"\nquote = '\"'\ntext = \"text\"\n\
    [[fields]]\nname = \"id\"\ntype = \"string\"\n[[fields]]\nname = \"text\"\ntype = \"string\"\n";

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Gzip::new(6).write(data, None, &mut out).unwrap();
    out
}

fn zstd(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Zstd::new(3).write(data, None, &mut out).unwrap();
    out
}

fn aggregate<'d>(data: impl Iterator<Item = &'d [u8]>) -> Vec<u8> {
    let mut aggregator = Aggregator::new(10 * MIB);
    for data in data {
        assert!(aggregator.push(&Draft { partition_key: "k", explicit_hash_key: None, data }));
    }
    aggregator.finish().unwrap().data
}

/// A JSON record with so many bytes of text.
fn json(piece: &str, bytes: usize) -> Vec<u8> {
    format!("{{\"id\":\"big\",\"text\":\"{}\"}}", piece.repeat(bytes / piece.len())).into_bytes()
}

/// A row with so many bytes of text.
fn row(piece: &str, bytes: usize) -> Vec<u8> {
    format!("big|{}", piece.repeat(bytes / piece.len())).into_bytes()
}

/// Small records that open to `bytes`, made to take as much memory as they can.
fn greedy_json(bytes: usize) -> Vec<(&'static str, Vec<u8>)> {
    let members: String = (0..bytes / 6).map(|_| "\"\":1,").collect();
    let names: String = (0..bytes / 12).map(|number| format!("\"{number:x}\":1,")).collect();
    let object = |members: &str| format!("{{{members}\"id\":\"big\"}}").into_bytes();
    let tiny = b"{}";
    vec![
        ("emoji", gzip(&json("😭", bytes))),
        ("signs of three bytes and four words", gzip(&json("⤴", bytes))),
        ("words", zstd(&json("good bad ", bytes))),
        ("escapes", gzip(&json("\\u0001", bytes))),
        ("entities of quotes", gzip(&json("&quot;", bytes))),
        ("gzip in zstd in gzip", gzip(&zstd(&gzip(&json("word ", bytes))))),
        ("members of one name", gzip(&object(&members))),
        ("members of many names", gzip(&object(&names))),
        ("zeros", gzip(&vec![0; bytes])),
        ("many small user records", aggregate((0..90_000).map(|_| &tiny[..]))),
        ("many bad user records", aggregate((0..50_000).map(|_| &b"no"[..]))),
        ("many large user records", aggregate([gzip(&json("a", bytes / 8)).as_slice(); 8].into_iter())),
    ]
}

fn greedy_rows(bytes: usize) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("controls", gzip(&row("\u{1}", bytes))),
        ("quotes", gzip(&row("\\", bytes))),
        ("delimiters", gzip(&row("|", bytes))),
        ("a quoted value of quotes", gzip(format!("big|\"{}\"", "\"\"".repeat(bytes / 2)).as_bytes())),
    ]
}

/// Invokes until the batch is done, as Lambda does, and says how much memory that took at once, and what of it is held.
struct Run {
    runtime: Runtime,
    fixture: Fixture,
    peak: u64,
    held: i64,
}

impl Run {
    fn new(toml: &str, memory_mb: usize) -> Self {
        let memory_mb = memory_mb.to_string();
        let variables = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory_mb.as_str()), ("WORKERS", "1")];
        let fixture = Fixture::of(Schema::parse(toml).unwrap(), &variables);
        Self {
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            fixture,
            peak: 0,
            held: 0,
        }
    }

    fn until_done(&mut self, records: &[(&str, &[u8])]) -> usize {
        let mut left = records;
        for invocation in 1.. {
            let body = event(&left.iter().map(|(n, data)| Record::bytes(n, data)).collect::<Vec<_>>());
            let mut answer = Value::Null;
            let bytes = body.len() as u64;
            let taken = measure(|| answer = self.runtime.block_on(self.fixture.answer(body)));
            self.peak = self.peak.max(taken.bytes_max + 2 * bytes);
            self.held += taken.bytes_current;
            if answer == success() {
                return invocation;
            }
            let from = answer["batchItemFailures"][0]["itemIdentifier"].as_str().unwrap();
            let done = left.iter().position(|(number, _)| *number == from).unwrap();
            assert!(done > 0, "an invocation got nowhere: {answer}");
            left = &left[done..];
        }
        unreachable!()
    }
}

#[track_caller]
fn check(toml: &str, memory_mb: usize, (name, data): &(&str, Vec<u8>), good: &[u8]) {
    let mut run = Run::new(toml, memory_mb);
    let records = [("1", good), ("2", data), ("3", data), ("4", good)];
    run.until_done(&records);
    let peak = usize::try_from(run.peak).unwrap();
    println!("{memory_mb} MB, {name}: {} MiB at once, {} MiB held", peak / MIB, run.held >> 20);
    assert!(peak + PROCESS_BYTES <= memory_mb * MIB, "{name} takes {} MiB of {memory_mb} MB", peak / MIB);
    // Each record is there once: as its lines, or as its copy.
    let objects = run.fixture.objects();
    let lines = |number: &str| {
        let id = format!("shardId-000000000006:{number}:");
        let found = objects
            .iter()
            .filter(|(key, _)| key.starts_with("enriched/"))
            .flat_map(|(_, lines)| lines.lines());
        found.filter(|line| line.contains(&id)).count()
    };
    let copies = |number: &str| {
        let end = format!("-{number}.json");
        objects.keys().filter(|key| key.starts_with("quarantine/") && key.ends_with(&end)).count()
    };
    for number in ["1", "4"] {
        assert_eq!((lines(number), copies(number)), (1, 0), "a neighbour of {name}");
    }
    for number in ["2", "3"] {
        assert!(
            (lines(number) > 0) != (copies(number) > 0),
            "{name}: {} lines, {} copies",
            lines(number),
            copies(number)
        );
    }
    run.until_done(&[("9", good)]);
    let stored = run.fixture.bucket.objects().values().map(|object| object.body.len()).sum::<usize>();
    assert!(run.held - i64::try_from(stored).unwrap() < KEPT_BYTES, "{name} holds {} MiB", run.held >> 20);
}

#[test]
fn sixteen_kilobytes_that_open_to_sixteen_megabytes_of_emoji_fit_the_memory_of_the_template() {
    let emoji = gzip(&json("😭", 16 * MIB));
    assert!(emoji.len() < 20 << 10);
    check(JSON, 512, &("emoji", emoji), br#"{"id":"1","text":"good"}"#);
}

/// Checks records that open to so many bytes, of every shape, in a function of this size.
fn check_all(memory_mb: usize, bytes: usize) {
    for case in greedy_json(bytes) {
        check(JSON, memory_mb, &case, br#"{"id":"1","text":"good"}"#);
    }
    for case in greedy_rows(bytes) {
        check(ROWS, memory_mb, &case, b"1|good");
    }
}

#[test]
fn whatever_a_record_opens_to_fits_the_memory_of_the_smallest_function_and_costs_no_neighbour() {
    // Over a record's share, and just within it.
    check_all(128, 4 * MIB);
    check_all(128, 2_800 << 10);
}

#[test]
fn whatever_a_record_opens_to_fits_the_memory_of_a_larger_function_and_costs_no_neighbour() {
    check_all(256, 8_900 << 10);
}

#[test]
fn a_text_beyond_the_window_is_kept_whole_and_counted() {
    let mut run = Run::new(JSON, 512);
    let long = json("good ", 1_000_000);
    run.until_done(&[("1", &gzip(&long)), ("2", br#"{"id":"2","text":"good"}"#)]);
    let objects = run.fixture.objects();
    let lines: Vec<Value> = objects
        .values()
        .flat_map(|lines| lines.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["text"].as_str().unwrap().len(), 1_000_000);
    assert_eq!(lines[0]["text_unread_bytes"], 1_000_000 - text::WINDOW_BYTES);
    assert_eq!(lines[0]["sentiment"]["label"], "positive");
    assert_eq!(lines[1].get("text_unread_bytes"), None);
}
