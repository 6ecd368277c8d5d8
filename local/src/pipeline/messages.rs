//! Messages in pieces. A whole one has one line for all its pieces, and an incomplete one has each piece in
//! quarantine.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use record_model::chunk::{Chunk, Message};

use crate::pipeline::id_hash::{IdHash, id};
use crate::pipeline::written::Written;

/// Every piece that was found on one stream.
#[derive(Debug, Default)]
pub(crate) struct Messages(HashMap<Message, Pieces>);

/// The places of each piece of one message, including its copies, since a producer that puts a piece again
/// makes a copy.
type Pieces = BTreeMap<PieceKey, Vec<Place>>;

/// A piece: its message and its index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    message: Message,
    key: PieceKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PieceKey {
    index: u32,
    /// The hash of its bytes, since two pieces may claim one index.
    hash: u64,
}

impl Piece {
    pub(crate) fn of(chunk: &Chunk<'_>) -> Self {
        let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(chunk.piece);
        Self { message: chunk.message, key: PieceKey { index: chunk.index, hash } }
    }
}

/// The place of a piece.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) shard_id: String,
    pub(crate) sequence_number: String,
    pub(crate) sub: Option<u64>,
}

impl Messages {
    pub(crate) fn add(&mut self, piece: Piece, place: Place) {
        self.0.entry(piece.message).or_default().entry(piece.key).or_default().push(place);
    }

    /// Tells for each whole message, and for each piece of the others, how often it is in what was written.
    pub(crate) fn look_for(&self, stream: &str, written: &Written, mut note: impl FnMut(u32, String)) {
        for (message, pieces) in &self.0 {
            Looking { stream, written, message, pieces }.look(&mut note);
        }
    }
}

/// One message that is looked for.
struct Looking<'a> {
    stream: &'a str,
    written: &'a Written,
    message: &'a Message,
    pieces: &'a Pieces,
}

impl Looking<'_> {
    fn look(&self, note: &mut impl FnMut(u32, String)) {
        let lines: u32 = self.places().map(|place| self.lines_of(place)).sum();
        let in_quarantine =
            self.pieces.values().filter(|copies| self.times_in_quarantine(copies) > 0).count();
        let in_quarantine = u32::try_from(in_quarantine).unwrap_or(u32::MAX);
        let is_poison = lines == 0 && in_quarantine == 1 && self.is_complete();
        if is_poison || lines > 0 {
            let times = lines.saturating_add(in_quarantine.saturating_sub(self.conflicts()));
            return note(times, self.name());
        }
        // After a redrive, a piece that was given up finds the others where they are kept.
        let waits = self.places().any(|place| self.is_given_up(place));
        for copies in self.pieces.values() {
            let times = self.times_in_quarantine(copies);
            let is_once = times > 0 && times <= copies.len() || times == 0 && waits;
            let times = if is_once { 1 } else { u32::try_from(times).unwrap_or(u32::MAX) };
            note(times, copies.first().map(|place| self.id_of(place)).unwrap_or_default());
        }
    }

    fn is_complete(&self) -> bool {
        self.pieces.len() - self.conflicts() as usize == self.message.count as usize
    }

    /// Counts pieces that claim an index which another has. They are in quarantine, whatever happens to the
    /// message.
    fn conflicts(&self) -> u32 {
        let indices = self.pieces.keys().map(|piece| piece.index);
        let repeated = indices.clone().zip(indices.skip(1)).filter(|(index, next)| index == next).count();
        u32::try_from(repeated).unwrap_or(u32::MAX)
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.pieces.values().flatten()
    }

    /// A message may contain an aggregate, whose first record then stands for all.
    fn lines_of(&self, place: &Place) -> u32 {
        let Place { shard_id, sequence_number, sub } = place;
        self.written.lines_of(IdHash::of_record(self.stream, shard_id, sequence_number, *sub))
    }

    fn times_in_quarantine(&self, copies: &[Place]) -> usize {
        let is_there = |place: &&Place| {
            let Place { shard_id, sequence_number, sub } = place;
            let sub = sub.or(Some(0));
            self.written.times_in_quarantine(self.stream, shard_id, sequence_number, sub) > 0
        };
        copies.iter().filter(is_there).count()
    }

    fn is_given_up(&self, place: &Place) -> bool {
        self.written.is_given_up(&place.shard_id, &place.sequence_number)
    }

    fn id_of(&self, place: &Place) -> String {
        id(self.stream, &place.shard_id, &place.sequence_number, place.sub)
    }

    fn name(&self) -> String {
        self.places().next().map(|place| format!("message of {}", self.id_of(place))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three pieces of one message, each in a record of its own, its number that of the piece.
    fn message() -> Messages {
        let mut messages = Messages::default();
        for (index, chunk) in chunks().enumerate() {
            messages.add(Piece::of(&chunk), place(index + 1));
        }
        messages
    }

    fn chunks() -> impl Iterator<Item = Chunk<'static>> {
        record_model::chunk::split(b"abc", 7, record_model::chunk::OVERHEAD_BYTES + 1).unwrap()
    }

    fn place(number: usize) -> Place {
        Place { shard_id: "shardId-0".to_owned(), sequence_number: number.to_string(), sub: None }
    }

    /// What is missing or there twice, as `<times>x <last part of its name>`.
    #[track_caller]
    fn check(messages: &Messages, lines: &[&str], quarantine: &[&str], given_up: &[&str], expected: &[&str]) {
        let mut written = Written::default();
        for number in lines {
            written.add_line(&format!("s:shardId-0:{number}:0"));
        }
        for number in quarantine {
            written.add_quarantined(&format!("s-shardId-0-{number}"));
        }
        for number in given_up {
            written.add_given_up(&format!("shardId-0:{number}"));
        }
        let mut found = Vec::new();
        messages.look_for("s", &written, |times, name| {
            if times != 1 {
                found.push(format!("{times}x {name}"));
            }
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_whole_message_has_one_line_for_all_its_pieces() {
        check(&message(), &["2"], &[], &[], &[]);
        check(&message(), &["1", "3"], &[], &[], &["2x message of s:shardId-0:1:0"]);
        check(&message(), &["2"], &["1", "2", "3"], &[], &["4x message of s:shardId-0:1:0"]);
    }

    #[test]
    fn a_whole_message_that_is_poison_is_in_quarantine_once() {
        check(&message(), &[], &["3"], &[], &[]);
    }

    #[test]
    fn a_message_that_was_given_up_has_each_of_its_pieces_in_quarantine() {
        check(&message(), &[], &["1", "2", "3"], &[], &[]);
        check(&message(), &[], &["1", "2"], &[], &["0x s:shardId-0:3:0"]);
    }

    #[test]
    fn pieces_wait_for_one_that_ran_out_of_retries() {
        check(&message(), &[], &[], &["3"], &[]);
        check(&message(), &[], &["1", "2"], &["3"], &[]);
    }

    #[test]
    fn the_copy_of_a_piece_asks_for_nothing_more() {
        let mut messages = message();
        messages.add(Piece::of(&chunks().next().unwrap()), place(4));
        check(&messages, &["4"], &[], &[], &[]);
        check(&messages, &[], &["2", "3", "4"], &[], &[]);
    }

    #[test]
    fn a_piece_whose_index_another_has_is_in_quarantine_beside_the_message() {
        let mut messages = message();
        let first = chunks().next().unwrap();
        messages.add(Piece::of(&Chunk { piece: b"x", ..first }), place(4));
        check(&messages, &["3"], &["4"], &[], &[]);
    }
}
