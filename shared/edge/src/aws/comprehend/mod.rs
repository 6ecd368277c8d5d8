//! Sentiment and key phrases by Amazon Comprehend, or by any server that speaks its protocol.

mod call;

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use self::call::{CallError, Caller, Request};
use super::AwsSettings;
use super::error_class::Class;
use crate::BoxError;
use crate::backoff::full_jitter;

/// The most texts in one call.
pub const MAX_TEXTS: usize = 25;
/// The longest text, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 5_000;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The languages that both calls accept, by the codes that the API reference lists:
/// <https://docs.aws.amazon.com/comprehend/latest/APIReference/API_BatchDetectSentiment.html>.
const LANGUAGES: [&str; 12] = ["en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW"];

/// A client. Clones share one connection pool.
#[derive(Debug, Clone)]
pub struct Comprehend {
    caller: Caller,
}

/// How sure Comprehend is of each mood of a text, from 0 to 1. The four add up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextSentiment {
    /// The mood it decided for.
    pub mood: Mood,
    /// Share of [`Mood::Positive`].
    pub positive: f32,
    /// Share of [`Mood::Neutral`].
    pub neutral: f32,
    /// Share of [`Mood::Negative`].
    pub negative: f32,
    /// Share of [`Mood::Mixed`].
    pub mixed: f32,
}

/// Comprehend's word for the sentiment of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mood {
    /// `POSITIVE`.
    Positive,
    /// `NEGATIVE`.
    Negative,
    /// `NEUTRAL`: neither.
    Neutral,
    /// `MIXED`: both.
    Mixed,
}

/// A noun phrase, as the text writes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyPhrase {
    /// The phrase with its article.
    pub text: String,
    /// How sure Comprehend is, from 0 to 1.
    pub score: f32,
}

/// What was found in one text, or the code of the error that concerns this text only.
pub type TextAnswer<T> = Result<T, String>;

/// Why there is no client, or why a whole call failed.
#[derive(Debug, thiserror::Error)]
pub enum ComprehendError {
    /// Comprehend was throttling or out of reach until the time was up. The same call may succeed later.
    #[error("comprehend did not answer in time, after {tries} tries")]
    Unavailable {
        /// How often it was asked.
        tries: u32,
        /// The last error.
        source: BoxError,
    },
    /// Only a person can help: permissions, credentials or region.
    #[error("comprehend refuses the call")]
    Refused(#[source] BoxError),
    /// No HTTP client can be made.
    #[error("no client can be made for comprehend")]
    Client(#[source] BoxError),
}

/// What Comprehend answers to a call. Its items are read one by one, so that one of an unknown form costs no other.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    result_list: Option<Vec<Value>>,
    error_list: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Item<T> {
    #[serde(rename = "Index")]
    index: usize,
    #[serde(flatten)]
    found: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ItemError {
    index: usize,
    error_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sentiment {
    sentiment: Mood,
    sentiment_score: Score,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Score {
    positive: f32,
    neutral: f32,
    negative: f32,
    mixed: f32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyPhrases {
    key_phrases: Option<Vec<Value>>,
}

impl Comprehend {
    /// Makes a client; no request is sent yet.
    pub fn connect(aws: &AwsSettings) -> Result<Self, ComprehendError> {
        Ok(Self { caller: Caller::new(aws).map_err(ComprehendError::Client)? })
    }

    /// Whether Comprehend accepts texts in a language, by its code.
    pub fn takes(language: &str) -> bool {
        LANGUAGES.contains(&language)
    }

    /// Calls `BatchDetectSentiment` for at most [`MAX_TEXTS`] texts in one language, and retries until
    /// `until`. The result has one answer for each text, in order.
    pub async fn sentiments(
        &self,
        texts: &[String],
        language: &str,
        until: Instant,
    ) -> Result<Vec<TextAnswer<TextSentiment>>, ComprehendError> {
        let call = Batch { operation: "BatchDetectSentiment", language, until };
        let answers = self.each::<Sentiment>(call, texts).await?;
        Ok(answers.into_iter().map(|answer| answer.map(TextSentiment::from)).collect())
    }

    /// Calls `BatchDetectKeyPhrases`, in the same way as [`Comprehend::sentiments`].
    pub async fn key_phrases(
        &self,
        texts: &[String],
        language: &str,
        until: Instant,
    ) -> Result<Vec<TextAnswer<Vec<KeyPhrase>>>, ComprehendError> {
        let call = Batch { operation: "BatchDetectKeyPhrases", language, until };
        let answers = self.each::<KeyPhrases>(call, texts).await?;
        Ok(answers.into_iter().map(|answer| answer.map(KeyPhrases::into_vec)).collect())
    }

    /// Asks for all texts at once. If Comprehend refuses the call, asks for each text alone, since one of them
    /// may be at fault.
    async fn each<T: DeserializeOwned>(
        &self,
        call: Batch<'_>,
        texts: &[String],
    ) -> Result<Vec<TextAnswer<T>>, ComprehendError> {
        if let Ok(answer) = self.tried(call, texts).await? {
            return Ok(in_order(texts.len(), answer));
        }
        let mut answers = Vec::with_capacity(texts.len());
        for text in texts.chunks(1) {
            match self.tried(call, text).await? {
                Ok(answer) => answers.append(&mut in_order(1, answer)),
                Err(Invalid(code)) => answers.push(Err(code)),
            }
        }
        Ok(answers)
    }

    /// Calls until there is an answer, until only a person can help, or until the time is up.
    async fn tried(
        &self,
        Batch { operation, language, until }: Batch<'_>,
        texts: &[String],
    ) -> Result<Result<Answer, Invalid>, ComprehendError> {
        let request = Request { language_code: language, text_list: texts };
        let mut tries = 0;
        loop {
            let (class, said) = match timeout_at(until, self.caller.call(operation, &request)).await {
                Ok(Ok(answer)) => return Ok(Ok(answer)),
                Ok(Err(CallError { class, said })) => (class, said),
                Err(late) => (Class::Retry, late.to_string()),
            };
            match class {
                Class::Retry | Class::Throttled => {}
                Class::Invalid => return Ok(Err(Invalid(said))),
                Class::Denied | Class::Fatal => return Err(ComprehendError::Refused(said.into())),
            }
            let pause = full_jitter(FIRST_PAUSE, LONGEST_PAUSE, tries);
            tries += 1;
            if Instant::now() + pause >= until {
                return Err(ComprehendError::Unavailable { tries, source: said.into() });
            }
            sleep(pause).await;
        }
    }
}

/// What is asked about texts in one language, and until when.
#[derive(Clone, Copy)]
struct Batch<'a> {
    operation: &'static str,
    language: &'a str,
    until: Instant,
}

/// A text of the call, or its language, will never be accepted. The code says why.
struct Invalid(String);

/// Puts results and errors in the order of the texts. A text of which the answer says nothing that can be read has
/// failed.
fn in_order<T: DeserializeOwned>(count: usize, answer: Answer) -> Vec<TextAnswer<T>> {
    let nothing = || Err("NO_ANSWER".to_owned());
    let mut answers: Vec<TextAnswer<T>> = std::iter::repeat_with(nothing).take(count).collect();
    let found = readable(answer.result_list).map(|item: Item<T>| (item.index, Ok(item.found)));
    let failed = readable(answer.error_list).map(|item: ItemError| (item.index, Err(item.error_code)));
    for (index, answer) in found.chain(failed) {
        if let Some(place) = answers.get_mut(index) {
            *place = answer;
        }
    }
    answers
}

fn readable<T: DeserializeOwned>(values: Option<Vec<Value>>) -> impl Iterator<Item = T> {
    values.into_iter().flatten().filter_map(|value| serde_json::from_value(value).ok())
}

impl KeyPhrases {
    fn into_vec(self) -> Vec<KeyPhrase> {
        readable(self.key_phrases).collect()
    }
}

impl From<Sentiment> for TextSentiment {
    fn from(Sentiment { sentiment: mood, sentiment_score: score }: Sentiment) -> Self {
        let Score { positive, neutral, negative, mixed } = score;
        Self { mood, positive, neutral, negative, mixed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_nothing_is_said_of_has_failed_and_an_index_beyond_the_texts_is_left_out() {
        let found = |index: i32, mood: &str| json!({ "Index": index, "Sentiment": mood, "SentimentScore": { "Mixed": 1 } });
        let failed = |index: i32| json!({ "Index": index, "ErrorCode": "BAD" });
        let answer = json!({
            "ResultList": [found(3, "MIXED"), found(-1, "MIXED"), found(9, "MIXED"), found(0, "UNHEARD OF"), 7, null],
            "ErrorList": [failed(1), failed(4), { "Index": 2 }],
        });
        let answers = in_order::<Sentiment>(4, serde_json::from_value(answer).unwrap());
        let moods: Vec<_> =
            answers.iter().map(|answer| answer.as_ref().map(|found| found.sentiment)).collect();
        let (no_answer, bad) = ("NO_ANSWER".to_owned(), "BAD".to_owned());
        assert_eq!(moods, [Err(&no_answer), Err(&bad), Err(&no_answer), Ok(Mood::Mixed)]);
        let empty = Answer { result_list: None, error_list: None };
        assert_eq!(in_order::<KeyPhrases>(1, empty).len(), 1);
    }

    #[test]
    fn languages_are_those_both_calls_take() {
        assert!(["en", "de", "zh", "hi"].into_iter().all(Comprehend::takes));
        assert!(!["und", "nl", "", "EN"].into_iter().any(Comprehend::takes));
    }
}
