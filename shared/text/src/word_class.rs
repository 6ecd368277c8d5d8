//! What a word can be in a key, by lists written by hand.

use crate::packed::{Packed, Table};

/// A word's part in keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// Ends a phrase and is never a key.
    Stop,
    /// Ends a phrase; a poor key alone: a verb or a plain adjective.
    Break,
    /// Says little alone.
    Weak,
    /// Any other word.
    Content,
}

#[allow(clippy::unreadable_literal)] // written by the build script
mod table {
    use super::{Class, Packed, Table};
    include!(concat!(env!("OUT_DIR"), "/class_table.rs"));
}

/// The class of a word, whatever its case. Plurals of weak words are weak; words in "-ly" that are on no list are
/// adverbs and end a phrase.
pub(crate) fn class_of(word: &[u8]) -> Class {
    let on_list = |word: &[u8]| {
        let packed = Packed::lower(word).0?;
        table::TABLE.find(packed, packed.hash()).copied()
    };
    if let Some(class) = on_list(word) {
        return class;
    }
    let singular = word.strip_suffix(b"s").and_then(on_list);
    match singular {
        Some(Class::Weak) => Class::Weak,
        _ if word.len() > 4 && word.ends_with(b"ly") => Class::Stop,
        _ => Class::Content,
    }
}
