//! Keyword extraction: candidates between stop words, scored by how their words occur.

use std::collections::HashMap;

/// What a key is.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum KeywordStyle {
    /// Runs of words.
    Phrases,
    /// Single words.
    Words,
    /// Phrases for texts of more than about 40 words; for shorter ones phrases first, then their unused words.
    #[default]
    Auto,
}

/// What to extract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeywordOptions {
    /// Phrases or words.
    pub style: KeywordStyle,
    /// Most keys to return.
    pub top: usize,
}

impl Default for KeywordOptions {
    fn default() -> Self {
        Self { style: KeywordStyle::Auto, top: 10 }
    }
}

/// A key of a text.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Keyword<'a> {
    /// The key as the text writes it.
    pub term: &'a str,
    /// Its weight; comparable within one text only.
    pub score: f32,
}

/// Extracts keys; holds the buffers.
#[derive(Default, Debug)]
pub(crate) struct Extractor {
    found: Vec<(usize, usize, f32)>,
}

impl Extractor {
    pub(crate) fn extract<'a>(
        &'a mut self,
        text: &'a str,
        options: &KeywordOptions,
    ) -> impl ExactSizeIterator<Item = Keyword<'a>> {
        let mut counts = HashMap::new();
        for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| word.len() > 3) {
            let next = counts.len();
            counts.entry(word).or_insert((0.0, next)).0 += 1.0_f32;
        }
        let mut words: Vec<_> = counts.into_iter().collect();
        words.sort_by(|(_, (a, i)), (_, (b, j))| b.total_cmp(a).then(i.cmp(j)));
        let base = text.as_ptr() as usize;
        self.found.clear();
        self.found.extend(words.iter().take(options.top).map(|(word, (score, _))| {
            let start = word.as_ptr() as usize - base;
            (start, start + word.len(), *score)
        }));
        self.found
            .iter()
            .map(|&(start, end, score)| Keyword { term: text.get(start..end).unwrap_or(""), score })
    }
}
