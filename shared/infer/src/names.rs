//! Makes names of fields from a file's names of columns.

use std::collections::{HashMap, HashSet};

use crate::rows::{Column, Place};

/// Letters of western languages, with their forms in ASCII.
const FOLDED: [(&str, &str); 22] = [
    ("äæ", "ae"),
    ("öœ", "oe"),
    ("ü", "ue"),
    ("ß", "ss"),
    ("àáâãåāăą", "a"),
    ("çćč", "c"),
    ("ďđð", "d"),
    ("èéêëēěę", "e"),
    ("ğģ", "g"),
    ("ìíîïīı", "i"),
    ("ķ", "k"),
    ("ĺľł", "l"),
    ("ñńňņ", "n"),
    ("òóôõøōő", "o"),
    ("ŕř", "r"),
    ("śšşș", "s"),
    ("ťţț", "t"),
    ("ùúûūůűų", "u"),
    ("ýÿ", "y"),
    ("źžż", "z"),
    ("þ", "th"),
    ("&", " and "),
];
/// The longest name, in bytes.
const MAX_NAME: usize = 60;

/// The name of a field, and how it is found in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    /// Its column's name, if it differs from the field's.
    pub(crate) csv: Option<String>,
    /// Its column's place from 1, if no name belongs to this column only.
    pub(crate) column: Option<usize>,
    /// Its place in a JSON object, if it differs from its name.
    pub(crate) path: Option<String>,
}

/// A text in letters, digits and `_`; empty if nothing of it can be kept.
pub(crate) fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        let folded = FOLDED.iter().find(|(of, _)| of.contains(c)).map(|(_, to)| *to);
        let mut utf8 = [0; 4];
        for c in folded.unwrap_or_else(|| c.encode_utf8(&mut utf8)).chars() {
            if c.is_ascii_alphanumeric() {
                out.push(c);
            } else if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
        }
    }
    out.truncate(MAX_NAME);
    out.trim_end_matches('_').to_owned()
}

/// Names for columns, which all differ.
pub(crate) fn names(columns: &[Column<'_>], has_header: bool) -> Vec<Named> {
    let titles: Vec<String> = columns.iter().map(|column| column.title.trim().to_lowercase()).collect();
    let (mut taken, mut members) = (HashSet::new(), Members::default());
    let named = columns.iter().map(|column| match &column.place {
        Place::Cell(at) => csv(column, *at, has_header, &titles, &mut taken),
        Place::Members(path) => members.named(path),
    });
    named.collect()
}

fn csv(
    column: &Column<'_>,
    at: usize,
    has_header: bool,
    titles: &[String],
    taken: &mut HashSet<String>,
) -> Named {
    let title = titles.get(at).map_or("", String::as_str);
    let wanted =
        Some(slug(title)).filter(|name| !name.is_empty()).unwrap_or_else(|| format!("column_{}", at + 1));
    // Another column with this title would be found by that name.
    let is_free = |name: &str| {
        !taken.contains(name) && !titles.iter().enumerate().any(|(other, title)| other != at && title == name)
    };
    let is_alone = titles.iter().filter(|other| *other == title).count() == 1;
    let numbered = (2..).map(|number| format!("{wanted}_{number}"));
    let first = Some(wanted.clone()).filter(|name| is_free(name) || (!is_alone && !taken.contains(name)));
    let name = first.or_else(|| numbered.into_iter().find(|name| is_free(name))).unwrap_or(wanted);
    taken.insert(name.clone());
    let exact = column.title.trim();
    let can_be_found =
        is_alone && !exact.is_empty() && exact.len() <= 200 && !exact.contains(char::is_control);
    let by_place = has_header && !can_be_found;
    let by_title = has_header && can_be_found && !exact.eq_ignore_ascii_case(&name);
    Named { name, csv: by_title.then(|| exact.to_owned()), column: by_place.then_some(at + 1), path: None }
}

/// Names of members. Two that differ in the file differ in the schema, for objects and values alike.
#[derive(Default)]
struct Members {
    /// The names by place in the file.
    known: HashMap<Vec<String>, String>,
    taken: HashSet<String>,
}

impl Members {
    fn named(&mut self, path: &[String]) -> Named {
        let mut name = String::new();
        for end in 1..=path.len() {
            let place = path.get(..end).unwrap_or_default();
            name = self.name(place, &name);
        }
        let is_named_so = name == path.join(".") && path.iter().all(|part| !part.contains('.'));
        let quoted = || path.iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(".");
        Named { path: (!is_named_so).then(quoted), name, csv: None, column: None }
    }

    /// The name of a place inside the object with this name.
    fn name(&mut self, place: &[String], object: &str) -> String {
        if let Some(name) = self.known.get(place) {
            return name.clone();
        }
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let part = place.last().map_or("", String::as_str);
        let is_plain = !part.is_empty() && part.bytes().all(is_word) && !part.starts_with('_');
        let part = if is_plain { part.to_owned() } else { slug(part) };
        let part = if part.is_empty() { "member".to_owned() } else { part };
        let wanted = if object.is_empty() { part } else { format!("{object}.{part}") };
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let name = names.find(|name| !self.taken.contains(name)).unwrap_or(wanted);
        self.taken.insert(name.clone());
        self.known.insert(place.to_vec(), name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_become_one_word_are_told_apart_with_all_that_is_in_them() {
        let mut members = Members::default();
        let mut name =
            |path: &[&str]| members.named(&path.iter().map(ToString::to_string).collect::<Vec<_>>()).name;
        assert_eq!(name(&["é"]), "e");
        assert_eq!(name(&["e ", "b"]), "e_2.b");
        assert_eq!(name(&["e ", "c"]), "e_2.c");
        assert_eq!(name(&["user.name"]), "user_name");
        assert_eq!(name(&["user", "name"]), "user.name");
    }

    #[test]
    fn names_are_words_of_ascii() {
        for (title, name) in [
            ("Größe (m²)", "groesse_m"),
            ("Auftrags-Nr.", "auftrags_nr"),
            (" Preis  € ", "preis"),
            ("CRIME_ID", "crime_id"),
            ("Prénom", "prenom"),
            ("日本", ""),
            ("_id", "id"),
        ] {
            assert_eq!(slug(title), name, "{title}");
        }
    }
}
