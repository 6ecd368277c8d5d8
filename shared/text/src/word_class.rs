//! The role that a word can have in a key, by hand-written lists.

use crate::packed::{Packed, Table};

/// A word's role in keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// It ends a phrase and is never a key.
    Stop,
    /// It ends a phrase and is a poor key on its own: a verb or a plain adjective.
    Break,
    /// It says little on its own.
    Weak,
    /// Any other word.
    Content,
}

#[allow(clippy::unreadable_literal)] // written by the build script
mod table {
    use super::{Class, Packed, Table};
    include!(concat!(env!("OUT_DIR"), "/class_table.rs"));
}

/// The class of a word with this hash. Plurals of weak words are weak. Words in "-ly" that are on no list are
/// taken for adverbs, which end a phrase.
pub(crate) fn class_of(word: Packed, hash: u64) -> Class {
    if let Some(class) = table::TABLE.find(word, hash) {
        return *class;
    }
    let bytes = word.to_bytes();
    match bytes.get(..word.len()).unwrap_or_default() {
        [.., b's'] if is_plural_of_weak(word) => Class::Weak,
        [_, _, _, .., b'l', b'y'] => Class::Stop,
        _ => Class::Content,
    }
}

fn is_plural_of_weak(word: Packed) -> bool {
    let singular = word.without_last();
    table::TABLE.find(singular, singular.hash()) == Some(&Class::Weak)
}
