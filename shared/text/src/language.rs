//! Which language a text is in, as far as it decides whether English scores mean anything.

use std::borrow::Cow;

/// A language by its short code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Language<'a> {
    code: Cow<'a, str>,
}

impl Language<'_> {
    /// ISO 639-1 code in small letters, the record's own if it named one, or `und` when nothing is known.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whether the text is to be scored.
    pub fn is_english(&self) -> bool {
        self.code == "en"
    }
}

/// The language of a text: the one the record names, or the one its script and words show.
pub fn language<'a>(text: &str, named: Option<&'a str>) -> Language<'a> {
    let named = named.and_then(|tag| tag.split(['-', '_']).next()).filter(|code| is_real(code));
    let code = match named {
        Some(code) if code.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(code.to_ascii_lowercase())
        }
        Some(code) => Cow::Borrowed(code),
        None => Cow::Borrowed(detected(text)),
    };
    Language { code }
}

/// X's `und`, `zxx`, `qme`, `qht` and the like say that no language was found.
fn is_real(code: &str) -> bool {
    let reserved = ["und", "zxx", "mul", "mis"].contains(&code) || (code.len() == 3 && code.starts_with('q'));
    matches!(code.len(), 2 | 3) && code.bytes().all(|byte| byte.is_ascii_alphabetic()) && !reserved
}

fn detected(text: &str) -> &'static str {
    let letters = text.chars().filter(|letter| letter.is_alphabetic());
    let (latin, all) = letters
        .fold((0_usize, 0_usize), |(latin, all), letter| (latin + usize::from(letter < '\u{250}'), all + 1));
    if latin * 2 >= all { "en" } else { "und" }
}
