//! Where one row ends and another begins.

use super::row::{Guard, RowForm};

impl RowForm {
    /// Where a row ends if others follow it: at the first line end that neither quote nor escape protects,
    /// since a bare value can't contain a line end. `None` if the text is one row, or if its last quote is
    /// not closed.
    #[inline]
    pub(crate) fn end_of_row(&self, text: &str) -> Option<usize> {
        let first = line_end(text)?;
        match self.guard {
            Guard::None => Some(first),
            Guard::Quote(quote) => self.end_behind_quotes(text, quote),
            Guard::Escape(escape) => end_behind_escapes(text, escape),
        }
    }

    #[cold]
    fn end_behind_quotes(&self, text: &str, quote: char) -> Option<usize> {
        let mut at = 0;
        loop {
            at += quoted_len(text.get(at..)?, quote)?;
            let rest = text.get(at..)?;
            let (piece, after) = self.pieces("").cut(rest);
            if let Some(end) = line_end(piece) {
                return Some(at + end);
            }
            at = text.len() - after?.len();
        }
    }
}

/// The first line end, of any operating system's kind.
#[inline]
fn line_end(text: &str) -> Option<usize> {
    memchr::memchr2(b'\n', b'\r', text.as_bytes())
}

/// The length from a quote through the one that closes it; 0 if there is no quote, and `None` if nothing
/// closes it.
fn quoted_len(text: &str, quote: char) -> Option<usize> {
    let Some(inside) = text.strip_prefix(quote) else { return Some(0) };
    let mut rest = inside;
    loop {
        let (_, after) = rest.split_once(quote)?;
        match after.strip_prefix(quote) {
            Some(after) => rest = after,
            None => return Some(text.len() - after.len()),
        }
    }
}

#[cold]
fn end_behind_escapes(text: &str, escape: char) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == escape {
            chars.next();
        } else if matches!(c, '\n' | '\r') {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_that_nothing_guards_ends_a_row() {
        let ends = |guard, row: &str| RowForm { delimiter: "|".to_owned(), guard }.end_of_row(row);
        assert_eq!(ends(Guard::None, "a|b\nc"), Some(3));
        assert_eq!(ends(Guard::None, "a|b\r\nc"), Some(3));
        let quote = Guard::Quote('"');
        assert_eq!(ends(quote, "\"a\nb\"|c\nd"), Some(7));
        assert_eq!(ends(quote, "\"a\n\"\"\n\"|\"c\""), None);
        assert_eq!(ends(quote, "\"a\"\n\"b\""), Some(3));
        assert_eq!(ends(quote, "5\" pipe\n6"), Some(7));
        assert_eq!(ends(quote, "a|\"open\nb"), None);
        assert_eq!(ends(Guard::Escape('\\'), "a\\\nb|c\nd"), Some(6));
    }
}
