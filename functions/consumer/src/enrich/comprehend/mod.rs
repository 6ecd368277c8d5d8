//! The backend that asks Amazon Comprehend, for several languages, billed per text.

mod calls;
mod key_phrases;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use edge::aws::AwsSettings;
use edge::aws::comprehend::{Comprehend, ComprehendError, MAX_TEXT_BYTES, Mood, TextSentiment};
use futures::{StreamExt as _, TryStreamExt as _, stream, try_join};
use text::{Label, Language};
use tokio::time::Instant;

use super::{Enriched, Enricher, EnricherError, NotReady, Prepared, Sentiment, Text, TextMembers};

use calls::{Call, billed_units, in_calls};

/// How many calls may be under way at once. Each asks for sentiment and key phrases at the same time.
const MAX_CALLS: usize = 4;

/// The bytes of texts and answers above which those of earlier batches are forgotten.
const MAX_READY_BYTES: usize = 16 << 20;
/// The memory of a keyword besides its letters.
const KEYWORD_BYTES: usize = size_of::<(String, f32)>();

/// Sentiment and keywords by Amazon Comprehend. A text is sent once, cut to 5,000 bytes between characters.
///
/// Answers are kept, so that a repeated batch continues where it stopped and no text is paid for twice.
#[derive(Debug)]
pub struct ComprehendEnricher {
    client: Comprehend,
    keywords: usize,
    /// The answers by language and text.
    ready: RwLock<HashMap<String, Answered>>,
}

/// What Comprehend said about a text.
#[derive(Debug)]
enum Answered {
    Scored(Sentiment, Vec<(String, f32)>),
    /// An error that concerns only this text.
    Failed(String),
}

impl ComprehendEnricher {
    /// Keeps at most `keywords` key phrases a text; no request is sent yet.
    pub fn connect(aws: &AwsSettings, keywords: usize) -> Result<Self, EnricherError> {
        Ok(Self { client: Comprehend::connect(aws)?, keywords, ready: RwLock::default() })
    }

    /// An error of a single text may be gone in its next batch, so it is not kept.
    fn make_room(&self) {
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        ready.retain(|_, answered| matches!(answered, Answered::Scored(..)));
        if ready.iter().map(|(key, answered)| key.len() + answered.len()).sum::<usize>() > MAX_READY_BYTES {
            ready.clear();
            ready.shrink_to_fit();
        }
    }

    /// The texts that must be asked for, each once, as they are sent.
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
            let answered = match (sentiment, phrases) {
                (Ok(sentiment), Ok(phrases)) => {
                    let keywords = key_phrases::best(phrases, &language, self.keywords);
                    Answered::Scored(sentiment.into(), keywords)
                }
                (Err(code), _) | (_, Err(code)) => Answered::Failed(code),
            };
            ready.insert(key(text, &language), answered);
        }
        Ok(())
    }
}

impl Enricher for ComprehendEnricher {
    type Scratch = ();

    const PREPARES: bool = true;

    const WINDOW_BYTES: usize = MAX_TEXT_BYTES;

    fn scratch(&self) {}

    async fn prepare(&self, texts: Vec<Text>, until: Instant) -> Prepared {
        self.make_room();
        let billed = AtomicUsize::new(0);
        let calls = in_calls(self.missing(texts)).into_iter().map(|call| self.ask(call, until, &billed));
        // The first failure ends this: what comes later in the batch must wait anyway.
        let asked = stream::iter(calls).buffer_unordered(MAX_CALLS).try_collect::<()>().await;
        Prepared { billed_units: billed.into_inner(), failure: asked.err().map(EnricherError::from) }
    }

    fn enrich(
        &self,
        (): &mut (),
        text: &str,
        language: &Language<'_>,
        members: TextMembers<'_>,
    ) -> Result<Enriched, NotReady> {
        let text = cut(text);
        if !is_taken(text, language.code()) {
            return Ok(members.unscored());
        }
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        match ready.get(&key(text, language.code())).ok_or(NotReady)? {
            Answered::Failed(code) => Ok(members.failed(code)),
            Answered::Scored(sentiment, keywords) => {
                let mut members = members.sentiment(Some(*sentiment));
                for (term, score) in keywords {
                    members.keyword(term, *score);
                }
                Ok(members.end())
            }
        }
    }

    fn models(&self) -> &'static str {
        "comprehend"
    }
}

impl Answered {
    /// Its size in memory, in bytes.
    fn len(&self) -> usize {
        match self {
            Self::Failed(code) => code.len(),
            Self::Scored(_, keywords) => keywords.iter().map(|(term, _)| term.len() + KEYWORD_BYTES).sum(),
        }
    }
}

impl From<TextSentiment> for Sentiment {
    fn from(sentiment: TextSentiment) -> Self {
        // Comprehend's fourth mood has no label here: a text that is both good and bad counts as neutral.
        let label = match sentiment.mood {
            Mood::Positive => Label::Positive,
            Mood::Negative => Label::Negative,
            Mood::Neutral | Mood::Mixed => Label::Neutral,
        };
        let [positive, neutral, negative, mixed] =
            [sentiment.positive, sentiment.neutral, sentiment.negative, sentiment.mixed].map(rounded);
        let score = rounded(sentiment.positive - sentiment.negative);
        Self { label, score, compound: None, positive, neutral, negative, mixed: Some(mixed) }
    }
}

impl From<ComprehendError> for EnricherError {
    fn from(error: ComprehendError) -> Self {
        match error {
            ComprehendError::Unavailable { .. } => Self::Busy(error.into()),
            ComprehendError::Refused(_) | ComprehendError::Client(_) => Self::Refused(error.into()),
        }
    }
}

/// Rounds to four decimal places, since Comprehend is not surer than that.
fn rounded(share: f32) -> f64 {
    (f64::from(share) * 1e4).round() / 1e4
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text)
}

/// Blank texts are left out, since Comprehend refuses them.
fn is_taken(text: &str, language: &str) -> bool {
    Comprehend::takes(language) && !text.trim().is_empty()
}

fn key(text: &str, language: &str) -> String {
    format!("{language} {text}")
}
