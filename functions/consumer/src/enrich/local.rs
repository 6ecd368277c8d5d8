//! The built-in backend: the `text` crate, in process.

use text::{Analyzer, KeywordOptions, Language};

use super::members::{Enriched, TextMembers};
use super::port::{Enricher, NotReady};

/// Sentiment and keywords by the `text` crate: in process, English only.
#[derive(Debug, Clone, Copy)]
pub struct LocalEnricher {
    keywords: KeywordOptions,
}

impl LocalEnricher {
    /// Makes an enricher that finds at most `top` keywords in a text.
    pub fn new(top: usize) -> Self {
        Self { keywords: KeywordOptions { top, ..KeywordOptions::default() } }
    }
}

impl Enricher for LocalEnricher {
    type Scratch = Analyzer;

    const WINDOW_BYTES: usize = text::WINDOW_BYTES;

    fn scratch(&self) -> Analyzer {
        Analyzer::new()
    }

    fn enrich(
        &self,
        analyzer: &mut Analyzer,
        text: &str,
        language: &Language<'_>,
        members: TextMembers<'_>,
    ) -> Result<Enriched, NotReady> {
        if !language.is_english() {
            return Ok(members.unscored());
        }
        let mut keywords = members.sentiment(Some(analyzer.sentiment(text).into()));
        for keyword in analyzer.keywords(text, &self.keywords) {
            keywords.keyword(keyword.term, keyword.score);
        }
        Ok(keywords.end())
    }

    fn models(&self) -> &str {
        text::MODELS
    }
}
