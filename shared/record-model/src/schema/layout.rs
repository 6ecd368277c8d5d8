//! How dotted names nest: which objects begin and end at which field.

use std::collections::HashSet;

use super::error::FieldReason;

/// The deepest nesting of objects, which is as deep as an `OpenSearch` index takes by default.
pub(super) const MAX_DEPTH: usize = 20;

/// What is written around a field's value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) opens: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) leaf: String,
    pub(super) closes: usize,
}

/// Lays out fields in order. An error carries the index of its field.
pub(super) fn lay_out(names: &[&str]) -> Result<Vec<Layout>, (usize, FieldReason)> {
    let mut layouts: Vec<Layout> = Vec::with_capacity(names.len());
    let (mut fields, mut objects) = (HashSet::new(), HashSet::new());
    let mut open: Vec<&str> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let fail = |reason| (index, reason);
        if nests_too_deep(name) {
            return Err(fail(FieldReason::TooDeep { limit: MAX_DEPTH }));
        }
        let (path, leaf) = split_name(name).ok_or(fail(FieldReason::BadName))?;
        if !fields.insert(*name) {
            return Err(fail(FieldReason::NamedTwice));
        }
        let shared = open.iter().zip(&path).take_while(|(a, b)| a == b).count();
        if let Some(last) = layouts.last_mut() {
            last.closes = open.len() - shared;
        }
        open.truncate(shared);
        let mut opens = Vec::new();
        for &part in path.iter().skip(shared) {
            open.push(part);
            if !objects.insert(open.join(".")) {
                return Err(fail(FieldReason::SplitObject(open.join("."))));
            }
            let comma = if opens.is_empty() { "," } else { "" };
            opens.extend_from_slice(format!("{comma}\"{part}\":{{").as_bytes());
        }
        let key = format!(",\"{leaf}\":").into_bytes();
        layouts.push(Layout { opens, key, leaf: leaf.to_owned(), closes: 0 });
    }
    if let Some(last) = layouts.last_mut() {
        last.closes = open.len();
    }
    match names.iter().position(|name| objects.contains(*name)) {
        Some(index) => Err((
            index,
            FieldReason::FieldAndObject(names.get(index).map_or_else(String::new, ToString::to_string)),
        )),
        None => Ok(layouts),
    }
}

/// Whether a dotted name nests deeper than documents may.
fn nests_too_deep(name: &str) -> bool {
    name.split('.').nth(MAX_DEPTH).is_some()
}

fn split_name(name: &str) -> Option<(Vec<&str>, &str)> {
    let mut parts: Vec<&str> = name.split('.').collect();
    let plain = |part: &&str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    if !parts.iter().all(plain) {
        return None;
    }
    let leaf = parts.pop()?;
    Some((parts, leaf))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_begin_before_their_first_field_and_end_after_their_last() {
        let layouts = lay_out(&["id", "user.id", "user.place.name", "lang"]).unwrap();
        let closes: Vec<usize> = layouts.iter().map(|layout| layout.closes).collect();
        assert_eq!(closes, [0, 0, 2, 0]);
        assert_eq!(layouts[1].opens, b",\"user\":{");
        assert_eq!(layouts[2].opens, b",\"place\":{");
    }

    #[test]
    fn names_that_can_not_be_written_in_one_pass_are_refused() {
        assert_eq!(lay_out(&["a.b", "c", "a.d"]).unwrap_err(), (2, FieldReason::SplitObject("a".to_owned())));
        assert_eq!(lay_out(&["a.b", "a"]).unwrap_err(), (1, FieldReason::FieldAndObject("a".to_owned())));
        assert_eq!(lay_out(&["a", "a"]).unwrap_err(), (1, FieldReason::NamedTwice));
        assert_eq!(lay_out(&["a..b"]).unwrap_err(), (0, FieldReason::BadName));
    }

    #[test]
    fn a_name_nests_twenty_deep_and_no_deeper() {
        let deepest = ["a"; MAX_DEPTH].join(".");
        assert!(lay_out(&[&deepest]).is_ok());
        let deeper = format!("{deepest}.a");
        assert_eq!(lay_out(&[&deeper]).unwrap_err(), (0, FieldReason::TooDeep { limit: MAX_DEPTH }));
    }
}
