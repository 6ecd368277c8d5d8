//! A place in a JSON payload, as a schema names it.

/// The members on the way to a value, the outermost first.
///
/// In a bare path such as `service.name`, a dot may be a step into an object or part of a member's name: both
/// the member `service.name` and the member `name` of `service` are found. In a path whose parts are in
/// double quotes, such as `"service.name".id`, each part is the exact name of one member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    pub(super) parts: Vec<&'a str>,
    /// Whether each part is a member's exact name, so that dots in names are not steps.
    pub(super) is_exact: bool,
}

impl<'a> Path<'a> {
    /// Reads a path; `None` where a quote is not closed before a dot or the end.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (mut parts, mut is_exact) = (Vec::new(), false);
        let mut rest = Some(text);
        while let Some(part) = rest {
            if let Some(quoted) = part.strip_prefix('"') {
                let (name, after) = match quoted.split_once("\".") {
                    Some((name, after)) => (name, Some(after)),
                    None => (quoted.strip_suffix('"')?, None),
                };
                is_exact = true;
                parts.push(name);
                rest = after;
            } else {
                let (name, after) =
                    part.split_once('.').map_or((part, None), |(name, after)| (name, Some(after)));
                parts.push(name);
                rest = after;
            }
        }
        Some(Self { parts, is_exact })
    }

    /// How many objects are around the value.
    pub(crate) fn depth(&self) -> usize {
        self.parts.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&[&str], bool)>) {
        let found = Path::parse(text);
        assert_eq!(
            found.map(|path| (path.parts, path.is_exact)),
            expected.map(|(parts, exact)| (parts.to_vec(), exact))
        );
    }

    #[test]
    fn a_part_in_quotes_is_one_member() {
        check("a.b", Some((&["a", "b"], false)));
        check("\"a.b\"", Some((&["a.b"], true)));
        check("\"a.b\".c.\"d\"", Some((&["a.b", "c", "d"], true)));
        check("\"a\"b\".c", Some((&["a\"b", "c"], true)));
        check("a\"b", Some((&["a\"b"], false)));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_no_path() {
        for text in ["\"a", "\"a.b", "\"a\"b", "a.\"", "\""] {
            check(text, None);
        }
    }
}
