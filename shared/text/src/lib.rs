//! Sentiment and keywords of English text: pure Rust, no network, no model to download, buffers reused.

mod analyzer;
mod but_clause;
mod keywords;
mod language;
mod lexicon;
mod packed;
mod python_float;
mod vader;
mod vader_tokens;
mod vader_words;

pub use analyzer::{Analyzer, Label, MODELS, Sentiment};
pub use keywords::{Keyword, KeywordOptions, KeywordStyle};
pub use language::{Language, language};
pub use vader::VaderScore;
