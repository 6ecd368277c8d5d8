//! Values of a JSON answer by their path.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The value at a path of names separated by dots; for an empty path the value itself. A dot may be part of a
/// name: the longest name that exists is tried first.
pub(super) fn at_path<'a>(json: &'a RawValue, path: &str) -> Option<&'a RawValue> {
    if path.is_empty() {
        return Some(json);
    }
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json.get()).ok()?;
    if let Some(value) = members.get(path) {
        return Some(value);
    }
    let mut steps = path.rmatch_indices('.').filter_map(|(at, _)| path.split_at_checked(at));
    steps.find_map(|(name, rest)| at_path(members.get(name)?, rest.strip_prefix('.')?))
}

/// Text or a number at a path, as text.
pub(super) fn text_at(json: &RawValue, path: &str) -> Option<String> {
    let found = at_path(json, path)?.get();
    match found.as_bytes().first()? {
        b'"' => serde_json::from_str(found).ok(),
        b'0'..=b'9' | b'-' => Some(found.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_what_it_names_with_every_digit() {
        let json: &RawValue =
            serde_json::from_str(r#"{"a":{"b":[1,2]},"id":12345678901234567890123}"#).unwrap();
        assert_eq!(at_path(json, "a.b").unwrap().get(), "[1,2]");
        assert_eq!(text_at(json, "id").as_deref(), Some("12345678901234567890123"));
        let dotted: &RawValue =
            serde_json::from_str(r#"{"a.b":{"c":1,"d.e":2},"a":{"b":{"c":3,"f":4}}}"#).unwrap();
        for (path, found) in [("a.b.c", "1"), ("a.b.d.e", "2"), ("a.b.f", "4")] {
            assert_eq!(text_at(dotted, path).as_deref(), Some(found), "{path}");
        }
        assert!(at_path(json, "a.c").is_none() && text_at(json, "a").is_none());
    }
}
