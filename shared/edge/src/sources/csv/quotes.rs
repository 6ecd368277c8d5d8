//! Whether the quotes of a CSV record are where RFC 4180 has them.

/// How a record's quotes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Each that is opened is closed, and a comma or the end is behind it.
    Good,
    /// One is left open, or text is behind one that is closed.
    Bad,
}

/// Looks at a whole record without its line end. A quote in a cell that does not begin with one is text, as `5" pipe`.
pub(super) fn quotes(record: &[u8]) -> Quotes {
    let mut rest = record;
    loop {
        match rest.strip_prefix(b"\"") {
            Some(inside) => match behind_quote(inside) {
                Some([]) => return Quotes::Good,
                Some([b',', cells @ ..]) => rest = cells,
                Some(_) | None => return Quotes::Bad,
            },
            None => match memchr::memchr(b',', rest).and_then(|comma| rest.get(comma + 1..)) {
                Some(cells) => rest = cells,
                None => return Quotes::Good,
            },
        }
    }
}

/// What is behind the quote that closes a cell; two in a row close nothing.
fn behind_quote(mut inside: &[u8]) -> Option<&[u8]> {
    loop {
        let behind = inside.get(memchr::memchr(b'"', inside)? + 1..)?;
        match behind.strip_prefix(b"\"") {
            Some(more) => inside = more,
            None => return Some(behind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_behind_a_closing_quote_and_an_open_one_are_bad() {
        for record in [
            "",
            "a,b",
            "\"a\",b",
            "a,\"b, \"\"c\"\"\"",
            "5\" pipe,x",
            "\"\",\"\"",
            "\"a\nb\"",
            "a,",
            "\"a\",",
        ] {
            assert_eq!(quotes(record.as_bytes()), Quotes::Good, "{record}");
        }
        for record in ["\"a\"b,c", "\"a\" ,c", "\"a", "a,\"", "a,\"b\"\"", "\"a \\\"b\\\" c\",d"] {
            assert_eq!(quotes(record.as_bytes()), Quotes::Bad, "{record}");
        }
    }
}
