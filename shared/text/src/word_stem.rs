//! A light stemmer, which suffices to recognise "controllers" and "controller" as one word.

/// Last byte of the curly apostrophe.
const CURLY_END: u8 = 0x99;

/// Cuts a possessive and a plural ending off a lower-cased word. Returns what is left, and what to append to
/// it.
pub(crate) fn stem(word: &[u8]) -> (&[u8], &[u8]) {
    if !word.last().is_some_and(|last| matches!(*last, b's' | b'\'' | CURLY_END)) {
        return (word, b"");
    }
    let word = word.strip_suffix(b"'s").or_else(|| word.strip_suffix("’s".as_bytes())).unwrap_or(word);
    let word = word.strip_suffix(b"'").or_else(|| word.strip_suffix("’".as_bytes())).unwrap_or(word);
    if word.len() <= 3 {
        return (word, b"");
    }
    if let Some(cut) = word.strip_suffix(b"ies").filter(|cut| cut.len() > 1) {
        return (cut, b"y");
    }
    if ["sses", "shes", "ches", "xes", "zzes"].iter().any(|ending| word.ends_with(ending.as_bytes())) {
        return (word.strip_suffix(b"es").unwrap_or(word), b"");
    }
    if ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending.as_bytes())) {
        return (word, b"");
    }
    (word.strip_suffix(b"s").unwrap_or(word), b"")
}
