//! The words and runs of punctuation of a text in normal form.

/// The role of a character in a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Space,
    Word,
    Sign,
}

/// Kind and length of the character at a position; `None` at the end.
#[inline]
fn kind_at(text: &str, at: usize) -> Option<(Kind, usize)> {
    let byte = *text.as_bytes().get(at)?;
    let kind = match byte {
        b'a'..=b'z' | b'0'..=b'9' => Kind::Word,
        b' ' | b'\t'..=b'\r' => Kind::Space,
        0x80.. => {
            let point = text.get(at..)?.chars().next()?;
            let kind = match point {
                point if point.is_alphanumeric() => Kind::Word,
                point if point.is_whitespace() => Kind::Space,
                _ => Kind::Sign,
            };
            return Some((kind, point.len_utf8()));
        }
        _ => Kind::Sign,
    };
    Some((kind, 1))
}

/// Moves `at` to the next word or run of punctuation, and gives its kind and end.
#[inline]
pub(crate) fn next_token(text: &str, at: &mut usize) -> Option<(Kind, usize)> {
    loop {
        let (kind, length) = kind_at(text, *at)?;
        match kind {
            Kind::Space => *at += length,
            Kind::Word => return Some((kind, word_end(text, *at))),
            Kind::Sign => return Some((kind, signs_end(text, *at))),
        }
    }
}

/// Letters and digits, and single hyphens and apostrophes between them.
#[inline]
fn word_end(text: &str, mut at: usize) -> usize {
    loop {
        // Nearly all words are small letters.
        let small = text.as_bytes().get(at..).unwrap_or_default().iter();
        at += small.take_while(|byte| byte.is_ascii_lowercase()).count();
        let Some((kind, length)) = kind_at(text, at) else { break };
        let joins = || {
            matches!(text.as_bytes().get(at), Some(b'\'' | b'-'))
                && kind_at(text, at + 1).is_some_and(|(kind, _)| kind == Kind::Word)
        };
        if kind != Kind::Word && !joins() {
            break;
        }
        at += length;
    }
    at
}

/// A run of punctuation, such as an emoticon: up to seven bytes, or one emoji.
#[inline]
fn signs_end(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some((Kind::Sign, length)) = kind_at(text, at) {
        if at - start > 6 || (at - start >= 4 && length > 1) {
            break;
        }
        at += length;
    }
    at
}
