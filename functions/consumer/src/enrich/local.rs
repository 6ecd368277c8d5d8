//! The backend that ships in the binary: the `text` crate, in process.

use text::{Analyzer, KeywordOptions, Label, Language};

use super::json;
use super::port::{Enricher, NOT_ENRICHED, NotReady};

/// Sentiment and keywords by the `text` crate: in process, English only.
#[derive(Debug, Clone, Copy)]
pub struct LocalEnricher {
    keywords: KeywordOptions,
}

impl LocalEnricher {
    /// Finds at most `top` keywords a text.
    pub fn new(top: usize) -> Self {
        Self { keywords: KeywordOptions { top, ..KeywordOptions::default() } }
    }
}

impl Enricher for LocalEnricher {
    type Scratch = Analyzer;

    fn scratch(&self) -> Analyzer {
        Analyzer::new()
    }

    fn enrich(
        &self,
        analyzer: &mut Analyzer,
        text: &str,
        language: &Language<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Label>, NotReady> {
        if !language.is_english() {
            out.extend_from_slice(NOT_ENRICHED);
            return Ok(None);
        }
        let sentiment = analyzer.sentiment(text);
        out.extend_from_slice(br#""sentiment":"#);
        json::value(&sentiment, out);
        out.extend_from_slice(br#","keywords":"#);
        json::list(analyzer.keywords(text, &self.keywords), out);
        Ok(Some(sentiment.label))
    }

    fn models(&self) -> &str {
        text::MODELS
    }
}
