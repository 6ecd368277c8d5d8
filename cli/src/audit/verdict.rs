//! The verdict on each record of a stream: kept once, left out, missing, or kept twice.

use std::fmt::Write as _;

use edge::aws::kinesis_reader::ReadRecord;
use edge::store::StoreError;
use record_model::keys::SequenceNumber;
use record_model::{Content, Decoder, Limits};
use serde_json::{Value, json};

use super::kept::{Kept, Lines, ShardKept};

/// The most records that are named one by one.
const MAX_NAMED: usize = 100;
/// The largest size of a decompressed record, in bytes.
const MAX_RECORD_BYTES: usize = 64 << 20;
/// The number of records that are looked up in one step, with the lines of the objects around them in memory.
const STEP: usize = 5_000;

/// The verdict on what was read so far.
pub(super) struct Verdict {
    kept: Kept,
    decoder: Decoder,
    /// The number of Kinesis records.
    records: u64,
    /// The number of user records that are kept once. A record that can't be decoded counts as one.
    once: u64,
    /// The number of user records in a batch that was given up, and nowhere else.
    given_up: u64,
    /// The number of user records that an object covers without a line: a rule of the schema left them out, or they are
    /// pieces of messages.
    left_out: u64,
    missing: Named,
    twice: Named,
    /// The records after everything that is kept. The consumer has not read them yet.
    behind: Named,
}

type Named = crate::named::Named<MAX_NAMED>;

/// What must be known of a user record to say where it has to be.
struct Part {
    sub: Option<u64>,
    is_piece: bool,
}

impl Verdict {
    pub(super) fn new(kept: Kept) -> Self {
        let limits = Limits { record_bytes_out: MAX_RECORD_BYTES, ..Limits::default() };
        Self {
            kept,
            decoder: Decoder::new(limits),
            records: 0,
            once: 0,
            given_up: 0,
            left_out: 0,
            missing: Named::default(),
            twice: Named::default(),
            behind: Named::default(),
        }
    }

    /// Judges records of one shard, in their order.
    pub(super) async fn look_at(&mut self, shard_id: &str, records: &[ReadRecord]) -> Result<(), StoreError> {
        for step in records.chunks(STEP) {
            let numbers: Vec<SequenceNumber> =
                step.iter().filter_map(|record| record.sequence_number.parse().ok()).collect();
            let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { continue };
            let lines = self.kept.shard(shard_id).lines((first, last)).await?;
            for (record, number) in step.iter().zip(&numbers) {
                self.records += 1;
                for part in parts(&mut self.decoder, record) {
                    self.part(shard_id, number, &part, &lines);
                }
            }
        }
        Ok(())
    }

    fn part(&mut self, shard_id: &str, number: &SequenceNumber, part: &Part, lines: &Lines) {
        let shard: &ShardKept = self.kept.shard(shard_id);
        let sub = part.sub.unwrap_or(0);
        let in_lines = lines.get(&(number.clone(), sub)).copied().unwrap_or(0);
        let (copies, is_given_up) = (shard.copies(number, part.sub), shard.is_given_up(number));
        let times = in_lines + copies + u32::from(is_given_up);
        let is_covered = shard.is_covered(number);
        let is_behind = shard.last.as_ref().is_none_or(|last| last < number);
        let name = || format!("{shard_id}:{number}:{sub}");
        match times {
            1 if is_given_up => self.given_up += 1,
            1 => self.once += 1,
            0 if is_covered => self.left_out += 1,
            0 if is_behind => self.behind.add(name),
            0 => self.missing.add(name),
            // A record that completes a message has the message's line. The other pieces have none.
            _ if part.is_piece && copies == 0 && !is_given_up => self.once += 1,
            _ => self.twice.add(|| {
                let given_up = if is_given_up { ", given up and not redriven" } else { "" };
                format!("{} ({in_lines} lines, {copies} copies in quarantine{given_up})", name())
            }),
        }
    }

    /// Whether each record is kept exactly once.
    pub(super) fn is_good(&self) -> bool {
        self.missing.count + self.twice.count + self.behind.count == 0
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "records": self.records,
            "keptOnce": self.once,
            "givenUp": self.given_up,
            "leftOut": self.left_out,
            "missing": self.missing,
            "twice": self.twice,
            "notTakenYet": self.behind,
            "isGood": self.is_good(),
        })
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut say = |line: String| writeln!(text, "{line}").unwrap_or_default();
        say(format!("{} records of the stream", self.records));
        say(format!("{} user records are kept once, in enriched/ or in quarantine", self.once));
        for (count, what) in [
            (self.given_up, "are in batches that were given up: `kinflow redrive` feeds them"),
            (
                self.left_out,
                "have no line in the object that covers them: a rule of the schema left them out, or they are pieces of messages",
            ),
        ] {
            if count > 0 {
                say(format!("{count} {what}"));
            }
        }
        for (named, what) in [
            (&self.missing, "missing"),
            (&self.twice, "kept more than once"),
            (&self.behind, "not taken yet"),
        ] {
            if named.count == 0 {
                continue;
            }
            say(format!("{} are {what}:", named.count));
            for name in &named.first {
                say(format!("  {name}"));
            }
            if named.has_more() {
                say(format!("  … the first {MAX_NAMED} are named"));
            }
        }
        say(if self.is_good() {
            "each record is kept once".to_owned()
        } else {
            "some records are not kept exactly once".to_owned()
        });
        text
    }
}

/// Returns the user records of a Kinesis record. A record that can't be decoded counts as one.
fn parts(decoder: &mut Decoder, record: &ReadRecord) -> Vec<Part> {
    decoder.start_batch();
    let mut parts = Vec::new();
    let opened = decoder.decode(&record.data, &mut |user_record| {
        let is_piece = matches!(user_record.content, Ok(Content::Chunk(_)));
        parts.push(Part { sub: user_record.sub_sequence_number, is_piece });
    });
    if opened.is_err() {
        parts = vec![Part { sub: None, is_piece: false }];
    }
    parts
}
