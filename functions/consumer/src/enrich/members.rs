//! The members of an output line that an enricher writes, where each step returns the next. Whatever an
//! enricher does, the line has the documented form, and the label that is counted is the one that is written.

use serde::Serialize;
use text::{Keyword, Label};

use super::json;

/// The sentiment of one text, in the form of an output line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sentiment {
    /// The label to show and to count.
    pub label: Label,
    /// How positive a reader would call the text, -1 to 1.
    pub score: f64,
    /// VADER's compound, -1 to 1; `null` if the enricher has none.
    pub compound: Option<f64>,
    /// Share of the text that is positive, 0 to 1.
    pub positive: f64,
    /// Share that is neutral.
    pub neutral: f64,
    /// Share that is negative.
    pub negative: f64,
    /// The share that is both positive and negative; omitted if the enricher does not measure it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixed: Option<f64>,
}

impl From<text::Sentiment> for Sentiment {
    fn from(sentiment: text::Sentiment) -> Self {
        let text::Sentiment { label, score, compound, positive, neutral, negative } = sentiment;
        Self { label, score, compound: Some(compound), positive, neutral, negative, mixed: None }
    }
}

/// The place in a line for what its text says. It takes a sentiment first, or the word that there is none.
#[derive(Debug)]
pub struct TextMembers<'o> {
    out: &'o mut Vec<u8>,
}

/// The place for the keywords, best first.
#[derive(Debug)]
pub struct KeywordMembers<'o> {
    out: &'o mut Vec<u8>,
    label: Option<Label>,
    is_first: bool,
}

/// Proof that a text's members were written. Only the writers above can make one.
#[derive(Debug)]
#[must_use = "it is what `Enricher::enrich` answers"]
pub struct Enriched {
    label: Option<Label>,
}

impl<'o> TextMembers<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Writes the text's sentiment, or that it has none. Its keywords follow.
    pub fn sentiment(self, sentiment: Option<Sentiment>) -> KeywordMembers<'o> {
        self.out.extend_from_slice(br#""sentiment":"#);
        json::value(&sentiment, self.out);
        self.out.extend_from_slice(br#","keywords":["#);
        KeywordMembers { out: self.out, label: sentiment.map(|sentiment| sentiment.label), is_first: true }
    }

    /// Writes that there is no text, or that its language is not scored.
    pub fn unscored(self) -> Enriched {
        self.sentiment(None).end()
    }

    /// Writes that this one text could not be scored and never will be. `code` is a short stable word.
    pub fn failed(self, code: &str) -> Enriched {
        let Self { out } = self;
        let enriched = TextMembers::new(out).unscored();
        out.extend_from_slice(br#","enrichment_error":"#);
        json::string(code, out);
        enriched
    }
}

impl KeywordMembers<'_> {
    /// Writes the next keyword. Its score is comparable only within one text, and has four decimal places.
    pub fn keyword(&mut self, term: &str, score: f32) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(b',');
        }
        json::value(&Keyword { term, score }, self.out);
    }

    /// Ends the keywords.
    pub fn end(self) -> Enriched {
        self.out.push(b']');
        Enriched { label: self.label }
    }
}

impl Enriched {
    pub(crate) fn label(&self) -> Option<Label> {
        self.label
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(TextMembers<'_>) -> Enriched) -> (String, Option<Label>) {
        let mut out = Vec::new();
        let label = write(TextMembers::new(&mut out)).label();
        (String::from_utf8(out).unwrap(), label)
    }

    #[test]
    fn members_have_the_documented_form_whatever_an_enricher_leaves_out() {
        let unscored = r#""sentiment":null,"keywords":[]"#;
        assert_eq!(written(|members| members.sentiment(None).end()), (unscored.to_owned(), None));
        let failed = r#""sentiment":null,"keywords":[],"enrichment_error":"no \"way\"""#;
        assert_eq!(written(|members| members.failed("no \"way\"")), (failed.to_owned(), None));
        let sentiment = Sentiment {
            label: Label::Negative,
            score: f64::NAN,
            compound: None,
            positive: 0.25,
            neutral: 0.0,
            negative: 0.5,
            mixed: Some(0.25),
        };
        let (members, label) = written(|members| {
            let mut keywords = members.sentiment(Some(sentiment));
            keywords.keyword("a\nb", 0.123_456);
            keywords.keyword("c", 1.0);
            keywords.end()
        });
        assert_eq!(label, Some(Label::Negative));
        assert_eq!(
            members,
            r#""sentiment":{"label":"negative","score":null,"compound":null,"positive":0.25,"neutral":0.0,"negative":0.5,"mixed":0.25},"keywords":[{"term":"a\nb","score":0.1235},{"term":"c","score":1.0}]"#
        );
    }
}
