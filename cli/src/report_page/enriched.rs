//! Summarises the texts of sampled lines: sentiment, and keywords with the sentiment of their texts.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use super::columns::shown;

/// The most keywords that are shown.
const MAX_KEYWORDS: usize = 30;

/// The sentiment and keywords of lines that a consumer wrote.
#[derive(Debug, Default, Serialize)]
pub(super) struct Enriched {
    sentiment: Sentiment,
    keywords: Vec<Keyword>,
}

#[derive(Debug, Default, Serialize)]
struct Sentiment {
    positive: u64,
    neutral: u64,
    negative: u64,
    /// The number of lines without a score: they have no text, or one in another language.
    unscored: u64,
    /// The scores, from -1 to 1.
    scores: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct Keyword {
    term: String,
    count: u64,
    /// The mean score of the texts that contain it.
    score: f64,
}

impl Enriched {
    pub(super) fn of(lines: &[Value]) -> Self {
        let mut sentiment = Sentiment::default();
        let mut terms: HashMap<String, (u64, f64)> = HashMap::new();
        for line in lines {
            let score = sentiment.add(line.get("sentiment"));
            for keyword in line.get("keywords").and_then(Value::as_array).into_iter().flatten() {
                if let Some(term) = keyword.get("term").and_then(Value::as_str) {
                    let (count, sum) = terms.entry(shown(term)).or_default();
                    (*count, *sum) = (*count + 1, *sum + score);
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
        let mut keywords: Vec<Keyword> = terms
            .into_iter()
            .map(|(term, (count, sum))| Keyword { term, count, score: sum / (count.max(1) as f64) })
            .collect();
        keywords.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.term.cmp(&b.term)));
        keywords.truncate(MAX_KEYWORDS);
        Self { sentiment, keywords }
    }
}

impl Sentiment {
    /// Counts one text, and returns its score.
    fn add(&mut self, found: Option<&Value>) -> f64 {
        let text = |name: &str| found.and_then(|found| found.get(name));
        let count = match text("label").and_then(Value::as_str) {
            Some("positive") => &mut self.positive,
            Some("negative") => &mut self.negative,
            Some(_) => &mut self.neutral,
            None => &mut self.unscored,
        };
        *count += 1;
        let score = text("score").and_then(Value::as_f64).filter(|score| score.is_finite());
        self.scores.extend(score);
        score.unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_counted_by_their_label_and_keywords_carry_the_score_around_them() {
        let line = |label: &str, score: f64, term: &str| json!({"sentiment": {"label": label, "score": score}, "keywords": [{"term": term, "score": 1.0}]});
        let lines = [
            line("positive", 0.8, "lamp"),
            line("negative", -0.4, "lamp"),
            line("negative", -0.9, "cable"),
            json!({"sentiment": null, "keywords": []}),
        ];
        let Enriched { sentiment, keywords } = Enriched::of(&lines);
        assert_eq!((sentiment.positive, sentiment.negative, sentiment.unscored), (1, 2, 1));
        assert_eq!(sentiment.scores, [0.8, -0.4, -0.9]);
        assert_eq!((keywords[0].term.as_str(), keywords[0].count), ("lamp", 2));
        assert!((keywords[0].score - 0.2).abs() < 1e-9);
    }
}
