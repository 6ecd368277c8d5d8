//! Reads the words of a text, in normal form, from the tokens that VADER has read already.

use crate::feature_hashing::{FeatureHasher, Group};
use crate::lexicon::{Row, row_of};
use crate::normalise::normalise;
use crate::packed::{MAX_PACKED_BYTES, Packed, Plain};
use crate::sub_tokens::{Kind, next_token};
use crate::vader_tokens::{Span, Token, Tokens};
use crate::vader_words::Role;

/// Stand for things that are treated alike wherever they occur.
const MENTION: u64 = 1;
const ADDRESS: u64 = 2;

/// Extracts features; holds the buffer.
#[derive(Default, Debug)]
pub(crate) struct FeatureReader {
    normal: String,
}

impl FeatureReader {
    /// Calls `found` with the group and slot of each feature of `text`, whose tokens VADER has read.
    pub(crate) fn read(&mut self, tokens: &Tokens, text: &str, found: impl FnMut(Group, usize)) {
        let text = tokens.prepared(text);
        let mut out = FeatureHasher::new(found);
        for token in &tokens.list {
            self.token(token, text, &mut out);
        }
    }

    #[inline]
    fn token(&mut self, token: &Token, text: &str, out: &mut FeatureHasher<impl FnMut(Group, usize)>) {
        let Token { outer, inner, .. } = *token;
        let bytes = text.as_bytes();
        if token.whole && outer != inner {
            return self.short(token, text, out);
        }
        if outer.start < inner.start {
            let signs = bytes.get(outer.start..inner.start).unwrap_or_default();
            if signs.contains(&b'@') {
                return out.sign(MENTION);
            }
            if signs.contains(&b'&') {
                return self.unusual(outer, text, out);
            }
            out.signs(bytes, outer.start, inner.start);
        }
        match token.word.plain() {
            Plain::Word => out.word(token.word, token.hash, token.row.is_some_and(negates)),
            Plain::WithDigits => {
                let word = token.word.without_digits();
                out.word(word, word.hash(), false);
            }
            Plain::No if starts_address(bytes, inner) => return out.sign(ADDRESS),
            Plain::No => self.unusual(inner, text, out),
        }
        if inner.end < outer.end {
            out.signs(bytes, inner.end, outer.end);
        }
    }

    /// A token of which at most two characters are left without punctuation: a rated emoticon, or a short
    /// word.
    fn short(&mut self, token: &Token, text: &str, out: &mut FeatureHasher<impl FnMut(Group, usize)>) {
        let Token { outer, inner, .. } = *token;
        if inner.start == inner.end {
            out.signs(text.as_bytes(), outer.start, outer.end);
        } else if token.row.is_some() {
            out.sign(token.hash);
        } else {
            self.unusual(outer, text, out);
        }
    }

    /// Anything else is brought to normal form and then cut.
    fn unusual(&mut self, span: Span, text: &str, out: &mut FeatureHasher<impl FnMut(Group, usize)>) {
        normalise(text.get(span.start..span.end).unwrap_or_default(), &mut self.normal);
        let text = self.normal.as_str();
        let mut at = 0;
        while let Some((kind, end)) = next_token(text, &mut at) {
            if kind == Kind::Sign {
                out.signs(text.as_bytes(), at, end);
            } else {
                let (word, _) = Packed::lower_within(text.as_bytes(), at, end.min(at + MAX_PACKED_BYTES));
                let word = word.unwrap_or_default();
                let hash = word.hash();
                out.word(word, hash, row_of(word, hash).is_some_and(negates));
            }
            at = end;
        }
    }
}

/// An address is recognised by its first four letters.
fn starts_address(text: &[u8], Span { start, .. }: Span) -> bool {
    let first = text.get(start..start + 4).unwrap_or_default();
    first.eq_ignore_ascii_case(b"http") || first.eq_ignore_ascii_case(b"www.")
}

fn negates(row: &Row) -> bool {
    row.negates || row.role == Role::No
}
