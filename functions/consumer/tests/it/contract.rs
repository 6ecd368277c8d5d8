//! The contract of an enricher, checked on the built-in one, on a custom one, and on ones that break it.

use consumer::contract::holds_for;
use consumer::{Enriched, Enricher, LocalEnricher, NotReady, Sentiment, TextMembers};
use text::{Label, Language};

/// Counts exclamation marks; broken in the way it is told.
struct Loud {
    breaks: Option<Break>,
}

#[derive(Clone, Copy, PartialEq)]
enum Break {
    Remembers,
    IsNeverReady,
    HasNoName,
}

impl Enricher for Loud {
    type Scratch = usize;

    fn scratch(&self) -> usize {
        0
    }

    fn enrich(
        &self,
        seen: &mut usize,
        text: &str,
        _: &Language<'_>,
        members: TextMembers<'_>,
    ) -> Result<Enriched, NotReady> {
        if self.breaks == Some(Break::IsNeverReady) {
            return Err(NotReady);
        }
        *seen += 1;
        let loud = text.bytes().filter(|byte| *byte == b'!').count();
        let label = if loud > 0 { Label::Positive } else { Label::Neutral };
        let score = if self.breaks == Some(Break::Remembers) {
            1.0 / f64::from(u32::try_from(*seen).unwrap())
        } else {
            0.5
        };
        let sentiment = Sentiment {
            label,
            score,
            compound: None,
            positive: 0.5,
            neutral: 0.5,
            negative: 0.0,
            mixed: None,
        };
        let mut keywords = members.sentiment(Some(sentiment));
        keywords.keyword("loud", 1.0);
        Ok(keywords.end())
    }

    fn models(&self) -> &str {
        if self.breaks == Some(Break::HasNoName) { "" } else { "loud-1" }
    }
}

async fn holds(breaks: Option<Break>) -> bool {
    let checked = tokio::spawn(async move { holds_for(&Loud { breaks }, &["a text!"]).await });
    checked.await.is_ok()
}

#[tokio::test]
async fn the_enricher_that_ships_keeps_the_contract() {
    holds_for(&LocalEnricher::new(5), &["A wonderful and happy day in Berlin", "no"]).await;
}

#[tokio::test]
async fn an_enricher_of_ones_own_keeps_it_and_each_breach_is_found() {
    assert!(holds(None).await);
    for breach in [Break::Remembers, Break::IsNeverReady, Break::HasNoName] {
        assert!(!holds(Some(breach)).await);
    }
}
