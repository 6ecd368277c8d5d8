//! The five character references that texts from web interfaces contain.

use std::borrow::Cow;

const REFERENCES: [(&str, char); 6] =
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\''), ("&apos;", '\'')];

/// Resolves `&amp; &lt; &gt; &quot; &#39; &apos;` once: `&amp;lt;` becomes `&lt;`.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let (head, mut rest) = text.split_at_checked(first).unwrap_or((text, ""));
    let mut out = String::with_capacity(text.len());
    out.push_str(head);
    while !rest.is_empty() {
        let found = REFERENCES.iter().find_map(|(name, c)| Some((*c, rest.strip_prefix(name)?)));
        let (c, after) = found.unwrap_or(('&', rest.strip_prefix('&').unwrap_or(rest)));
        let (head, tail) =
            after.split_at_checked(after.find('&').unwrap_or(after.len())).unwrap_or((after, ""));
        out.push(c);
        out.push_str(head);
        rest = tail;
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_once() {
        assert_eq!(unescape("a &amp;lt; b &lt;3 &gt;&quot;&#39;"), "a &lt; b <3 >\"'");
        assert_eq!(unescape("AT&T &amp R&D&"), "AT&T &amp R&D&");
        assert!(matches!(unescape("plain 💜"), Cow::Borrowed(_)));
    }
}
