//! A light stem: enough to tell "controllers" and "controller" for one word.

/// Cuts a possessive and a plural ending off a lower-cased word.
pub(crate) fn stem(word: &str) -> (&str, &str) {
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    let word = word.strip_suffix(['\'', '’']).unwrap_or(word);
    if word.len() <= 3 {
        return (word, "");
    }
    if let Some(cut) = word.strip_suffix("ies").filter(|cut| cut.len() > 1) {
        return (cut, "y");
    }
    for ending in ["sses", "shes", "ches", "xes", "zzes"] {
        if word.ends_with(ending) {
            return (word.strip_suffix("es").unwrap_or(word), "");
        }
    }
    if ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) {
        return (word, "");
    }
    (word.strip_suffix('s').unwrap_or(word), "")
}
