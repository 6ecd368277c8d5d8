//! The backend that asks Amazon Comprehend: several languages, paid by the text.

mod calls;
mod key_phrases;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use edge::aws::AwsSettings;
use edge::aws::comprehend::{Comprehend, ComprehendError, MAX_TEXT_BYTES, Mood, TextSentiment};
use futures::{StreamExt as _, TryStreamExt as _, stream, try_join};
use serde::Serialize;
use text::{Keyword, Label, Language};
use tokio::time::Instant;

use super::{Enricher, EnricherError, NOT_ENRICHED, NotReady, Prepared, Text, json};

use calls::{Call, billed_units, in_calls};

/// Calls under way at once; each asks for sentiment and key phrases side by side.
const MAX_CALLS: usize = 4;

/// Texts above which those of earlier batches are forgotten.
const MAX_READY_TEXTS: usize = 10_000;

/// Sentiment and keywords by Amazon Comprehend. A text is sent once, cut to 5,000 bytes at a character's border.
///
/// What it answered is kept, so that a batch that comes again goes on where it stopped and pays for no text twice.
#[derive(Debug)]
pub struct ComprehendEnricher {
    client: Comprehend,
    keywords: usize,
    /// By language and text.
    ready: RwLock<HashMap<String, Enriched>>,
}

/// A text's members of its line.
#[derive(Debug)]
struct Enriched {
    members: Vec<u8>,
    mood: Option<Label>,
    failed: bool,
}

impl ComprehendEnricher {
    /// Keeps at most `keywords` key phrases a text; no request is sent yet.
    pub fn connect(aws: &AwsSettings, keywords: usize) -> Self {
        Self { client: Comprehend::connect(aws), keywords, ready: RwLock::default() }
    }

    /// A text's own error may be gone by its next batch.
    fn make_room(&self) {
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        ready.retain(|_, enriched| !enriched.failed);
        if ready.len() > MAX_READY_TEXTS {
            ready.clear();
        }
    }

    /// The texts that have to be asked for, each once, as they are sent.
    fn missing(&self, texts: Vec<Text>) -> Vec<Text> {
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::new();
        let cut = texts.into_iter().map(|text| Text { text: cut(&text.text).to_owned(), ..text });
        let taken = cut.filter(|text| is_taken(&text.text, &text.language));
        taken
            .filter(|text| {
                let key = key(&text.text, &text.language);
                !ready.contains_key(&key) && seen.insert(key)
            })
            .collect()
    }

    async fn ask(&self, call: Call, until: Instant, billed: &AtomicUsize) -> Result<(), ComprehendError> {
        let Call { language, texts } = call;
        let sentiments = async {
            let answers = self.client.sentiments(&texts, &language, until).await?;
            billed.fetch_add(billed_units(&texts), Ordering::Relaxed);
            Ok(answers)
        };
        let key_phrases = async {
            let answers = self.client.key_phrases(&texts, &language, until).await?;
            billed.fetch_add(billed_units(&texts), Ordering::Relaxed);
            Ok(answers)
        };
        let (sentiments, key_phrases) = try_join!(sentiments, key_phrases)?;
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        for ((text, sentiment), phrases) in texts.iter().zip(sentiments).zip(key_phrases) {
            let enriched = match (sentiment, phrases) {
                (Ok(sentiment), Ok(phrases)) => {
                    Enriched::of(sentiment, &key_phrases::best(phrases, &language, self.keywords))
                }
                (Err(code), _) | (_, Err(code)) => Enriched::failed(&code),
            };
            ready.insert(key(text, &language), enriched);
        }
        Ok(())
    }
}

impl Enricher for ComprehendEnricher {
    type Scratch = ();

    const PREPARES: bool = true;

    fn scratch(&self) {}

    async fn prepare(&self, texts: Vec<Text>, until: Instant) -> Prepared {
        self.make_room();
        let billed = AtomicUsize::new(0);
        let calls = in_calls(self.missing(texts)).into_iter().map(|call| self.ask(call, until, &billed));
        // The first failure ends it: what comes later in the batch has to wait all the same.
        let asked = stream::iter(calls).buffer_unordered(MAX_CALLS).try_collect::<()>().await;
        Prepared { billed_units: billed.into_inner(), failure: asked.err().map(EnricherError::from) }
    }

    fn enrich(
        &self,
        (): &mut (),
        text: &str,
        language: &Language<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Label>, NotReady> {
        let text = cut(text);
        if !is_taken(text, language.code()) {
            out.extend_from_slice(NOT_ENRICHED);
            return Ok(None);
        }
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        let enriched = ready.get(&key(text, language.code())).ok_or(NotReady)?;
        out.extend_from_slice(&enriched.members);
        Ok(enriched.mood)
    }

    fn models(&self) -> &'static str {
        "comprehend"
    }
}

impl Enriched {
    fn of(sentiment: TextSentiment, keywords: &[(String, f32)]) -> Self {
        // Comprehend's fourth mood has no label of its own: a text both good and bad is neither.
        let label = match sentiment.mood {
            Mood::Positive => Label::Positive,
            Mood::Negative => Label::Negative,
            Mood::Neutral | Mood::Mixed => Label::Neutral,
        };
        let [positive, neutral, negative, mixed] =
            [sentiment.positive, sentiment.neutral, sentiment.negative, sentiment.mixed].map(rounded);
        let score = rounded(sentiment.positive - sentiment.negative);
        let sentiment = Sentiment { label, score, compound: None, positive, neutral, negative, mixed };
        let mut members = br#""sentiment":"#.to_vec();
        json::value(&sentiment, &mut members);
        members.extend_from_slice(br#","keywords":"#);
        json::list(keywords.iter().map(|(term, score)| Keyword { term, score: *score }), &mut members);
        Self { members, mood: Some(label), failed: false }
    }

    fn failed(code: &str) -> Self {
        let mut members = NOT_ENRICHED.to_vec();
        members.extend_from_slice(br#","enrichment_error":"#);
        json::value(code, &mut members);
        Self { members, mood: None, failed: true }
    }
}

impl From<ComprehendError> for EnricherError {
    fn from(error: ComprehendError) -> Self {
        match error {
            ComprehendError::Unavailable { .. } => Self::Busy(error.into()),
            ComprehendError::Refused(_) => Self::Refused(error.into()),
        }
    }
}

/// The local backend's object, and the share of Comprehend's fourth mood; it has no compound.
#[derive(Serialize)]
struct Sentiment {
    label: Label,
    score: f64,
    compound: Option<f64>,
    positive: f64,
    neutral: f64,
    negative: f64,
    mixed: f64,
}

/// Four decimal places: Comprehend is not surer than that.
fn rounded(share: f32) -> f64 {
    (f64::from(share) * 1e4).round() / 1e4
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text)
}

/// Blank texts are an error to Comprehend.
fn is_taken(text: &str, language: &str) -> bool {
    Comprehend::takes(language) && !text.trim().is_empty()
}

fn key(text: &str, language: &str) -> String {
    format!("{language} {text}")
}
