//! Header fields of answers, parsed by their grammar.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::{DATE, ETAG, LAST_MODIFIED, LINK, RETRY_AFTER};

/// How long the server asks to be left alone: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), or
/// `x-rate-limit-reset` as seconds since 1970, which the X API sends instead.
pub(super) fn wait_asked_for(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let until = |time: SystemTime| {
        // A second is added, since the server's clock is not ours.
        time.duration_since(now).unwrap_or_default() + Duration::from_secs(1)
    };
    if let Some(asked) = text(RETRY_AFTER.as_str()) {
        if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Duration::from_secs(asked.parse().unwrap_or(u64::MAX)));
        }
        if let Ok(date) = httpdate::parse_http_date(asked) {
            return Some(until(date));
        }
    }
    let reset = text("x-rate-limit-reset")?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(reset)).map(until)
}

/// What proves that two answers have the same bytes: a strong `ETag`, or a `Last-Modified` at least a second
/// before the answer's own `Date` (RFC 9110, 8.8.1 and 8.8.2.2). `None` if nothing proves it, because there
/// is no validator or only a weak one.
pub(super) fn strong_validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(tag) = text(ETAG) {
        // An empty tag is one that the server sends for every file.
        return (tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"')).then(|| tag.to_owned());
    }
    let modified = text(LAST_MODIFIED)?;
    let [time, date] = [modified, text(DATE)?].map(|date| httpdate::parse_http_date(date).ok());
    (time? + Duration::from_secs(1) <= date?).then(|| modified.to_owned())
}

/// The target of the link whose relation is `next` (RFC 8288), among all fields of that name. A title may have
/// any bytes, so a field is not refused for those that are no text.
pub(super) fn next_link(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().find_map(|field| {
        let field = String::from_utf8_lossy(field.as_bytes());
        let next = links(&field).into_iter().find(|(_, relations)| is_next(relations));
        next.map(|(target, _)| target.to_owned())
    })
}

fn is_next(relations: &str) -> bool {
    relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
}

/// The links of one field: each with its target and the value of its first `rel`. A link with an `anchor` has
/// another context than the answer, so it is left out.
fn links(field: &str) -> Vec<(&str, String)> {
    let (mut links, mut rest) = (Vec::new(), field);
    while let Some((target, after)) = rest.split_once('<').and_then(|(_, link)| link.split_once('>')) {
        let (mut relations, mut is_of_answer) = (None, true);
        rest = after.trim_start();
        while let Some(parameter) = rest.strip_prefix(';') {
            let (name, value, after) = parameter_of(parameter);
            is_of_answer &= !name.eq_ignore_ascii_case("anchor");
            if name.eq_ignore_ascii_case("rel") {
                relations.get_or_insert(value);
            }
            rest = after;
        }
        if is_of_answer {
            links.push((target.trim(), relations.unwrap_or_default()));
        }
    }
    links
}

/// A parameter's name and value, and what follows them: a `;`, a `,`, or nothing. A value in quotes may
/// contain both.
fn parameter_of(text: &str) -> (&str, String, &str) {
    let text = text.trim_start();
    let end = text.find(['=', ';', ',']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let Some(value) = rest.strip_prefix('=') else { return (name.trim(), String::new(), rest) };
    let value = value.trim_start();
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find([';', ',']).unwrap_or(value.len());
        let (value, rest) = value.split_at_checked(end).unwrap_or((value, ""));
        return (name.trim(), value.trim().to_owned(), rest);
    };
    let (mut value, mut chars) = (String::new(), quoted.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (name.trim(), value, chars.as_str().trim_start())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[track_caller]
    fn next(fields: &[&str], expected: Option<&str>) {
        let fields: Vec<_> = fields.iter().map(|field| ("link", *field)).collect();
        assert_eq!(next_link(&headers(&fields)).as_deref(), expected, "{fields:?}");
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        next(
            &[r#"<https://x/?page=1>; rel="prev", <https://x/?page=3>; rel="next""#],
            Some("https://x/?page=3"),
        );
        next(&[r#"<https://x/>; rel="last""#], None);
        next(&["<https://x/?ids=1,2,3>; rel=next"], Some("https://x/?ids=1,2,3"));
        next(&[r#"<a>; title="x, <b>; rel=next"; rel="prev", <c>;REL = "up NEXT""#], Some("c"));
        next(&["<a>; rel=prev", "</p?a;b>; rel=next"], Some("/p?a;b"));
        next(&[r#"<a>; rel="prev"; rel="next""#], None);
        next(&[r#"<a>; title="q\"; rel=next"; rel="last""#], None);
        next(&[r#"<a>; rel="next"; anchor="/other", <b>; rel="next""#], Some("b"));
        for broken in
            ["", "<", "<a", "<a>", "a; rel=next", "<a>; rel", "<a>; rel=\"prev", ", ,", "<a>;;;,<b>"]
        {
            next(&[broken], None);
        }
    }

    proptest! {
        #[test]
        fn no_field_makes_it_go_wrong(field in "[<>;,=\" \\\\a-e]{0,20}", target in "[!-=?-~]{0,12}") {
            let with = headers(&[("link", &field)]);
            next_link(&with);
            let found = next_link(&headers(&[("link", &format!("<{target}>; title=\"a,b\"; rel=\"x next\""))]));
            prop_assert_eq!(found, Some(target));
        }

        #[test]
        fn a_title_of_any_bytes_hides_no_link(title in prop::collection::vec(0x80..=0xFF_u8, 0..6)) {
            let field = [&b"<a>; title=\""[..], &title, b"\"; rel=\"next\""].concat();
            let mut headers = HeaderMap::new();
            headers.append(LINK, http::HeaderValue::from_bytes(&field).unwrap());
            prop_assert_eq!(next_link(&headers), Some("a".to_owned()));
        }

        #[test]
        fn a_wait_is_the_same_as_a_date_and_in_seconds(seconds in 0..100_000_u64) {
            let now = UNIX_EPOCH + Duration::from_secs(1_767_323_045);
            let date = httpdate::fmt_http_date(now + Duration::from_secs(seconds));
            let asked = |value: &str| wait_asked_for(&headers(&[("retry-after", value)]), now);
            prop_assert_eq!(asked(&seconds.to_string()), Some(Duration::from_secs(seconds)));
            prop_assert_eq!(asked(&date), Some(Duration::from_secs(seconds + 1)));
        }
    }

    #[test]
    fn every_form_of_date_is_read_and_no_other_text() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777 - 10);
        for date in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            let found = wait_asked_for(&headers(&[("retry-after", date)]), now);
            assert_eq!(found, Some(Duration::from_secs(11)), "{date}");
        }
        for other in ["", "soon", "-1", "1.5", "1e3"] {
            assert_eq!(wait_asked_for(&headers(&[("retry-after", other)]), now), None, "{other}");
        }
        let both = headers(&[("retry-after", "soon"), ("x-rate-limit-reset", "784111787")]);
        assert_eq!(wait_asked_for(&both, now), Some(Duration::from_secs(21)));
    }

    #[test]
    fn only_a_strong_validator_proves_sameness() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let proof = |fields: &[(&'static str, &str)]| strong_validator(&headers(fields));
        assert_eq!(proof(&[("etag", "\"v1\"")]).as_deref(), Some("\"v1\""));
        let old = ("last-modified", "Sun, 06 Nov 1994 08:49:36 GMT");
        assert_eq!(proof(&[old, date]).as_deref(), Some("Sun, 06 Nov 1994 08:49:36 GMT"));
        for weak in [
            &[][..],
            &[("etag", "W/\"v1\"")],
            &[("etag", "W/\"v1\""), old, date],
            &[("etag", "v1")],
            &[("etag", "")],
            &[("etag", "\"\"")],
            &[old],
            &[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"), date],
            &[("last-modified", "yesterday"), date],
        ] {
            assert_eq!(proof(weak), None, "{weak:?}");
        }
    }
}
