//! Functions invoked from outside, for the command alone.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;

use super::AwsSettings;
use super::https::{self, body_within};
use super::sigv4::signed;
use crate::BoxError;
use crate::backoff::full_jitter;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A function may take 15 minutes.
const INVOCATION_TIMEOUT: Duration = Duration::from_mins(16);
/// Tries of an invocation that is throttled or not taken.
const TRIES: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The longest answer that is read: a function answers with at most 6 MB, and the service escapes none of it.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// Longest message of a refusal that is kept.
const MAX_MESSAGE_CHARS: usize = 300;

/// Invokes functions and waits for their answers. Clones share one connection pool.
#[derive(Debug, Clone)]
pub struct Invoker {
    client: Client,
    aws: AwsSettings,
    url: String,
}

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// No keys, or none that can sign.
    #[error("the request can't be signed")]
    Keys(#[source] BoxError),
    /// The service does not answer; whether the function ran is not known.
    #[error("no answer")]
    NoAnswer(#[source] BoxError),
    /// The service does not invoke it.
    #[error("{code}: {message}")]
    Refused {
        /// The service's name for it, such as `ResourceNotFoundException`.
        code: String,
        /// What it says, cut to a line.
        message: String,
    },
    /// The function ran and failed.
    #[error("the function failed with {error_type}: {message}")]
    Failed {
        /// `errorType` of its answer.
        error_type: String,
        /// `errorMessage` of its answer, cut to a line.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error_message: String,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Invoker {
    /// A client of the functions at `endpoint_url`, or else of those in the region; no request is sent yet.
    pub fn connect(aws: &AwsSettings, endpoint_url: Option<&str>) -> Result<Self, BoxError> {
        let client = https::client_builder(endpoint_url, &aws.trusted_roots)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(INVOCATION_TIMEOUT)
            .build()?;
        Ok(Self { client, aws: aws.clone(), url: aws.url_of("lambda", endpoint_url) })
    }

    /// Invokes a function by its name and gives its answer. An invocation that the service did not take is tried again for a
    /// while; one that may have run is not.
    pub async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, InvokeError> {
        let mut tries = 0;
        loop {
            let response = self.send(function, event.clone()).await?;
            let status = response.status();
            let is_busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
            if !is_busy || tries + 1 == TRIES {
                return answer(response).await;
            }
            tokio::time::sleep(full_jitter(FIRST_PAUSE, LONGEST_PAUSE, tries)).await;
            tries += 1;
        }
    }

    async fn send(&self, function: &str, event: Bytes) -> Result<Response, InvokeError> {
        let name = encoded(function);
        let url = format!("{}/2015-03-31/functions/{name}/invocations", self.url);
        let no_answer = |error: reqwest::Error| InvokeError::NoAnswer(error.into());
        let request = self.client.post(&url).header(CONTENT_TYPE, "application/json").body(event);
        let mut request = request.build().map_err(no_answer)?;
        signed(&mut request, &self.aws, "lambda").await.map_err(InvokeError::Keys)?;
        self.client.execute(request).await.map_err(no_answer)
    }
}

/// A name as a part of a path: an ARN has colons.
fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => out.push(byte.into()),
            _ => write!(out, "%{byte:02X}").unwrap_or_default(),
        }
    }
    out
}

async fn answer(response: Response) -> Result<Bytes, InvokeError> {
    let status = response.status();
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (failed, code) = (header("x-amz-function-error"), header("x-amzn-errortype"));
    let body = body_within(response, MAX_ANSWER_BYTES);
    let body = body.await.map_err(|error| InvokeError::NoAnswer(error.into()))?;
    if !status.is_success() {
        let message = serde_json::from_slice::<Refusal>(&body).ok().and_then(|refusal| refusal.message);
        let code = code
            .map_or_else(|| status.to_string(), |code| code.split(':').next().unwrap_or_default().to_owned());
        return Err(InvokeError::Refused { code, message: line(&message.unwrap_or_default()) });
    }
    if failed.is_some() {
        let error = serde_json::from_slice::<FunctionError>(&body);
        let error =
            error.unwrap_or(FunctionError { error_type: String::new(), error_message: String::new() });
        return Err(InvokeError::Failed {
            error_type: line(&error.error_type),
            message: line(&error.error_message),
        });
    }
    Ok(body)
}

fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE_CHARS).collect()
}
