//! Sentiment and key phrases by Amazon Comprehend, or by any server that speaks its protocol.

use std::time::Duration;

use aws_sdk_comprehend::Client;
use aws_sdk_comprehend::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_comprehend::types::{BatchItemError, LanguageCode, SentimentScore, SentimentType};
use tokio::time::{Instant, sleep, timeout_at};

use super::AwsSettings;
use super::error_class::{Class, Failure, failure};
use super::sdk_config::sdk_config;
use crate::BoxError;
use crate::backoff::full_jitter;

/// The most texts in one call.
pub const MAX_TEXTS: usize = 25;
/// The longest text, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 5_000;

/// The time limit of one attempt. A full call is 125 KB and is answered in under a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A client. Clones share one connection pool.
#[derive(Debug, Clone)]
pub struct Comprehend {
    client: Client,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPhrase {
    /// The phrase with its article.
    pub text: String,
    /// How sure Comprehend is, from 0 to 1.
    pub score: f32,
}

/// What was found in one text, or the code of the error that concerns this text only.
pub type TextAnswer<T> = Result<T, String>;

/// Why a whole call failed.
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
}

impl Comprehend {
    /// Makes a client; no request is sent yet. Calls are retried here, since the SDK's retries don't know the
    /// deadline.
    pub fn connect(aws: &AwsSettings) -> Self {
        let config = sdk_config(aws, aws.comprehend_endpoint_url.as_deref(), ATTEMPT_TIMEOUT);
        Self { client: Client::new(&config) }
    }

    /// Whether Comprehend accepts texts in a language, by its code.
    pub fn takes(language: &str) -> bool {
        LanguageCode::try_parse(language).is_ok()
    }

    /// Calls `BatchDetectSentiment` for at most [`MAX_TEXTS`] texts in one language, and retries until
    /// `until`. The result has one answer for each text, in order.
    pub async fn sentiments(
        &self,
        texts: &[String],
        language: &str,
        until: Instant,
    ) -> Result<Vec<TextAnswer<TextSentiment>>, ComprehendError> {
        let call = self.client.batch_detect_sentiment().language_code(LanguageCode::from(language));
        let send = |texts| call.clone().set_text_list(Some(texts)).send();
        each(texts, until, &send, &|count, answer| {
            let found = answer.result_list.into_iter().filter_map(|item| {
                Some((item.index?, sentiment(&item.sentiment?, item.sentiment_score.as_ref()?)?))
            });
            in_order(count, found, answer.error_list)
        })
        .await
    }

    /// Calls `BatchDetectKeyPhrases`, in the same way as [`Comprehend::sentiments`].
    pub async fn key_phrases(
        &self,
        texts: &[String],
        language: &str,
        until: Instant,
    ) -> Result<Vec<TextAnswer<Vec<KeyPhrase>>>, ComprehendError> {
        let call = self.client.batch_detect_key_phrases().language_code(LanguageCode::from(language));
        let send = |texts| call.clone().set_text_list(Some(texts)).send();
        each(texts, until, &send, &|count, answer| {
            let found = answer.result_list.into_iter().filter_map(|item| {
                let phrases = item.key_phrases.unwrap_or_default().into_iter();
                let phrases =
                    phrases.filter_map(|one| Some(KeyPhrase { text: one.text?, score: one.score? }));
                Some((item.index?, phrases.collect()))
            });
            in_order(count, found, answer.error_list)
        })
        .await
    }
}

/// Asks for all texts at once. If Comprehend refuses the call, asks for each text alone, since one of them
/// may be at fault.
async fn each<A, T, E, F>(
    texts: &[String],
    until: Instant,
    send: &(impl Fn(Vec<String>) -> F + Sync),
    read: &(impl Fn(usize, A) -> Vec<TextAnswer<T>> + Sync),
) -> Result<Vec<TextAnswer<T>>, ComprehendError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<A, SdkError<E>>>,
{
    if let Ok(answer) = tried(until, || send(texts.to_vec())).await? {
        return Ok(read(texts.len(), answer));
    }
    let mut answers = Vec::with_capacity(texts.len());
    for text in texts {
        match tried(until, || send(vec![text.clone()])).await? {
            Ok(answer) => answers.append(&mut read(1, answer)),
            Err(Invalid(code)) => answers.push(Err(code)),
        }
    }
    Ok(answers)
}

/// A text of the call, or its language, will never be accepted. The code says why.
struct Invalid(String);

/// Puts results and errors in the order of the texts. A text that the answer does not mention has failed.
fn in_order<T>(
    count: usize,
    found: impl Iterator<Item = (i32, T)>,
    failed: Vec<BatchItemError>,
) -> Vec<TextAnswer<T>> {
    let nothing = || Err("NO_ANSWER".to_owned());
    let mut answers: Vec<TextAnswer<T>> = std::iter::repeat_with(nothing).take(count).collect();
    let failed = failed.into_iter().filter_map(|item| Some((item.index?, Err(item.error_code?))));
    for (index, answer) in found.map(|(index, found)| (index, Ok(found))).chain(failed) {
        if let Some(place) = usize::try_from(index).ok().and_then(|index| answers.get_mut(index)) {
            *place = answer;
        }
    }
    answers
}

fn sentiment(word: &SentimentType, score: &SentimentScore) -> Option<TextSentiment> {
    let mood = match word {
        SentimentType::Positive => Mood::Positive,
        SentimentType::Negative => Mood::Negative,
        SentimentType::Neutral => Mood::Neutral,
        SentimentType::Mixed => Mood::Mixed,
        _ => return None,
    };
    let [positive, neutral, negative, mixed] =
        [score.positive, score.neutral, score.negative, score.mixed].map(Option::unwrap_or_default);
    Some(TextSentiment { mood, positive, neutral, negative, mixed })
}

/// Calls until there is an answer, until only a person can help, or until the time is up.
async fn tried<A, E, F>(until: Instant, call: impl Fn() -> F) -> Result<Result<A, Invalid>, ComprehendError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<A, SdkError<E>>>,
{
    let mut tries = 0;
    loop {
        let (class, said) = match timeout_at(until, call()).await {
            Ok(Ok(answer)) => return Ok(Ok(answer)),
            Ok(Err(error)) => sorted(&error),
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

/// What may help, and what is reported: Comprehend's code, since its message may quote a text.
fn sorted<E>(error: &SdkError<E>) -> (Class, String)
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let Failure { class, code, message } = failure(error, status);
    let is_answered = error.as_service_error().is_some();
    (class, code.unwrap_or_else(|| if is_answered { "no error code".to_owned() } else { message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_nothing_is_said_of_has_failed_and_an_index_beyond_the_texts_is_left_out() {
        let failed = |index: i32| BatchItemError::builder().index(index).error_code("BAD").build();
        let answers = in_order(3, [(2, 'c'), (-1, 'x'), (9, 'x')].into_iter(), vec![failed(1), failed(3)]);
        assert_eq!(answers, [Err("NO_ANSWER".to_owned()), Err("BAD".to_owned()), Ok('c')]);
    }

    #[test]
    fn languages_are_those_both_calls_take() {
        assert!(["en", "de", "zh", "hi"].into_iter().all(Comprehend::takes));
        assert!(!["und", "nl", "", "EN"].into_iter().any(Comprehend::takes));
    }
}
