//! What turns a text into sentiment and keywords: the port, and the backend that ships in the binary.

use text::{Analyzer, KeywordOptions, Label, Language};

use crate::json;

/// Adds sentiment and keywords to records.
///
/// The same text gives the same bytes each time: a retried batch must not differ from its first attempt.
pub trait Enricher: Send + Sync {
    /// Buffers of one thread.
    type Scratch: Send;

    /// Buffers for a thread that is about to enrich.
    fn scratch(&self) -> Self::Scratch;

    /// Appends the members `"sentiment":…,"keywords":…` of a line and gives the mood for the window's counts.
    /// A text that can't be enriched gets `null` and `[]`.
    fn enrich(
        &self,
        scratch: &mut Self::Scratch,
        text: &str,
        language: &Language<'_>,
        out: &mut Vec<u8>,
    ) -> Option<Label>;

    /// Versions of the models behind it, for output lines and object metadata.
    fn models(&self) -> &str;
}

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

/// The members of a line whose text is absent or in a language that is not scored.
pub(crate) const NOT_ENRICHED: &[u8] = br#""sentiment":null,"keywords":[]"#;

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
    ) -> Option<Label> {
        if !language.is_english() {
            out.extend_from_slice(NOT_ENRICHED);
            return None;
        }
        let sentiment = analyzer.sentiment(text);
        out.extend_from_slice(br#""sentiment":"#);
        json::value(&sentiment, out);
        out.extend_from_slice(br#","keywords":["#);
        for (index, keyword) in analyzer.keywords(text, &self.keywords).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            json::value(&keyword, out);
        }
        out.push(b']');
        Some(sentiment.label)
    }

    fn models(&self) -> &str {
        text::MODELS
    }
}
