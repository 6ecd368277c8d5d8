//! Sentiment and keywords of English text, in pure Rust: no network, no model to download, and buffers that
//! are reused.
//!
//! Only the [`window`] at the start of a text is read.

mod analyzer;
mod but_clause;
mod document;
mod feature_hashing;
mod features;
mod hash_index;
mod keyword_tokens;
mod keywords;
mod language;
mod lexicon;
mod model;
mod normalise;
mod packed;
mod phrases;
mod python_float;
mod single_words;
mod sub_tokens;
mod vader;
mod vader_tokens;
mod vader_window;
mod vader_words;
mod white_space;
mod window;
mod word_class;
mod word_stem;

pub use analyzer::{Analyzer, Label, MODELS, Sentiment};
pub use keywords::{Keyword, KeywordOptions, KeywordStyle, Keywords};
pub use language::{Language, language};
pub use vader::VaderScore;
pub use window::{WINDOW_BYTES, window};

/// The parts of the model that its trainer needs.
#[cfg(feature = "training")]
pub mod training;
