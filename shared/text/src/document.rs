//! A text as its words, and the facts about each of them.

use crate::hash_index::HashIndex;
use crate::keyword_tokens::{Shape, Word, read};
use crate::word_class::Class;

/// The facts about one word of the text, whatever its ending.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WordFacts {
    /// How often it occurs.
    pub(crate) count: f32,
    /// How often it has a capital that does not begin a sentence.
    pub(crate) names: f32,
    /// How often it is written in capitals.
    pub(crate) acronyms: f32,
    /// Position of its first occurrence, in words.
    pub(crate) first: usize,
    pub(crate) class: Class,
    /// Length in characters.
    pub(crate) chars: u16,
    pub(crate) hyphenated: bool,
}

/// The words of one text. Buffers are kept from text to text.
#[derive(Default, Debug)]
pub(crate) struct Document {
    pub(crate) words: Vec<Word>,
    /// For each word, the number of its facts.
    numbers: Vec<usize>,
    pub(crate) facts: Vec<WordFacts>,
    index: HashIndex,
    lower: String,
}

impl Document {
    /// Replaces the words by those of `text`.
    pub(crate) fn read(&mut self, text: &str) {
        self.words.clear();
        self.numbers.clear();
        self.facts.clear();
        self.index.clear();
        read(text, &mut self.lower, &mut self.words);
        for (at, word) in self.words.iter().enumerate() {
            let number = self.index.number_of(word.stem);
            self.numbers.push(number);
            if number == self.facts.len() {
                self.facts.push(WordFacts::of(word, at));
            }
            if let Some(facts) = self.facts.get_mut(number) {
                facts.count += 1.0;
                facts.names += f32::from(word.shape == Shape::Capitalised && !word.starts_sentence);
                facts.acronyms += f32::from(word.shape == Shape::Acronym);
            }
        }
    }

    /// The number of the word at a position. Words with the same stem have the same number.
    pub(crate) fn number(&self, at: usize) -> usize {
        self.numbers.get(at).copied().unwrap_or_default()
    }

    /// The facts of the word at a position.
    pub(crate) fn facts_at(&self, at: usize) -> Option<&WordFacts> {
        self.facts.get(self.number(at))
    }
}

impl WordFacts {
    fn of(word: &Word, first: usize) -> Self {
        let Word { class, chars, hyphenated, .. } = *word;
        Self { count: 0.0, names: 0.0, acronyms: 0.0, first, class, chars, hyphenated }
    }
}
