//! Text as the linear model reads it: in small letters, with plain quotes, without entities, and with all
//! mentions and all addresses alike.

/// HTML entities that are common in tweets and reviews.
const ENTITIES: [(&str, u8); 7] = [
    ("&amp;", b'&'),
    ("&lt;", b'<'),
    ("&gt;", b'>'),
    ("&quot;", b'"'),
    ("&#39;", b'\''),
    ("&#039;", b'\''),
    ("&apos;", b'\''),
];

/// Writes the normal form of `text` to `out`, in linear time: `@` for a mention, `http` for an address, `0`
/// for any digit, and no other character more than twice in a row.
pub(crate) fn normalise(text: &str, out: &mut String) {
    out.clear();
    let mut last = ['\0'; 2];
    let mut rest = text;
    while let Some(point) = rest.chars().next() {
        if let Some(plain) = plain(point, last[1]) {
            push(plain, &mut last, out);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let (normal, read) = match point {
            '&' => entity(rest),
            '@' => (point, mention_bytes(rest)),
            'h' | 'H' | 'w' | 'W' if is_address(rest, point, last[1]) => {
                out.push_str("http");
                last = ['\0'; 2];
                rest = rest.get(rest.find(char::is_whitespace).unwrap_or(rest.len())..).unwrap_or_default();
                continue;
            }
            '‘' | '’' | '`' => ('\'', point.len_utf8()),
            '“' | '”' => ('"', point.len_utf8()),
            '…' => ('.', point.len_utf8()),
            _ => (point, point.len_utf8()),
        };
        rest = rest.get(read..).unwrap_or_default();
        if normal.is_ascii() {
            push(lower(normal), &mut last, out);
        } else {
            normal.to_lowercase().for_each(|point| push(lower(point), &mut last, out));
        }
    }
}

/// The normal form of a character that can't begin anything longer.
fn plain(point: char, before: char) -> Option<char> {
    match point {
        'h' | 'w' | 'H' | 'W' => before.is_alphanumeric().then(|| point.to_ascii_lowercase()),
        'a'..='z' | ' ' | '.' | ',' | '!' | '?' | '\'' | '-' => Some(point),
        'A'..='Z' => Some(point.to_ascii_lowercase()),
        '0'..='9' => Some('0'),
        _ => None,
    }
}

fn push(point: char, last: &mut [char; 2], out: &mut String) {
    if *last != [point; 2] || point == '0' {
        out.push(point);
    }
    *last = [last[1], point];
}

fn lower(point: char) -> char {
    if point.is_ascii() {
        if point.is_ascii_digit() { '0' } else { point.to_ascii_lowercase() }
    } else if point.is_numeric() {
        '0'
    } else {
        point
    }
}

fn entity(rest: &str) -> (char, usize) {
    let found = ENTITIES.iter().find(|(name, _)| rest.starts_with(name));
    found.map_or(('&', 1), |&(name, sign)| (char::from(sign), name.len()))
}

/// The length of `@name`; 1 for a bare `@`.
fn mention_bytes(rest: &str) -> usize {
    let name = rest.get(1..).unwrap_or_default();
    1 + name.find(|point: char| !(point.is_alphanumeric() || point == '_')).unwrap_or(name.len())
}

fn is_address(rest: &str, point: char, before: char) -> bool {
    matches!(point, 'h' | 'H' | 'w' | 'W')
        && !before.is_alphanumeric()
        && ["http", "www."].iter().any(|prefix| {
            rest.as_bytes().get(..4).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        })
}
