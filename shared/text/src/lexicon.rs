//! VADER's lexicon and word lists as one static table, and its emoji.

use crate::packed::{Packed, Table};
use crate::vader_words::Role;

/// What VADER knows about a word.
#[derive(Debug)]
pub(crate) struct Row {
    /// Mean rating in tenths, if the lexicon has the word.
    pub(crate) valence_tenths: Option<i8>,
    /// 1 for a booster, -1 for a dampener, otherwise 0.
    pub(crate) modifier: i8,
    /// Whether the word is on the list of negations.
    pub(crate) negates: bool,
    pub(crate) role: Role,
}

#[allow(clippy::unreadable_literal)] // written by the build script
mod words {
    use super::{Packed, Role, Row, Table};
    include!(concat!(env!("OUT_DIR"), "/vader_table.rs"));
}
mod emoji {
    include!(concat!(env!("OUT_DIR"), "/emoji_table.rs"));
}

/// The row of a word, if VADER knows it.
pub(crate) fn row_of(word: Packed, hash: u64) -> Option<&'static Row> {
    words::TABLE.find(word, hash)
}

/// The words that stand for an emoji.
pub(crate) fn description_of(emoji: char) -> Option<&'static str> {
    let at = emoji::EMOJI.binary_search_by_key(&emoji, |&(point, _)| point).ok()?;
    emoji::EMOJI.get(at).map(|&(_, description)| description)
}
