//! One call of Comprehend in its protocol, AWS JSON 1.1, signed by the SDK's signer.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::BoxError;
use crate::aws::AwsSettings;
use crate::aws::error_class::{Class, class, no_answer_by};
use crate::aws::https::{self, body_within};
use crate::aws::sigv4::signed;

/// The time limit of one attempt. A full call is 125 KB and is answered in under a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer that is read. The key phrases of a full call are a few hundred kilobytes.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// The longest error code that is kept.
const MAX_CODE_CHARS: usize = 100;

const SERVICE: &str = "comprehend";
const TARGET: &str = "x-amz-target";
/// The service's name in this protocol, with the version of its API.
const TARGET_PREFIX: &str = "Comprehend_20171127";
const ERROR_TYPE: &str = "x-amzn-errortype";

/// Makes calls. Clones share one connection pool.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    client: Client,
    aws: AwsSettings,
    url: String,
}

/// The texts of a call, which are all in one language.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request<'a> {
    pub(super) language_code: &'a str,
    pub(super) text_list: &'a [String],
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) struct CallError {
    /// What may help.
    pub(super) class: Class,
    /// Comprehend's error code, since its message may quote a text; or why there is no code.
    pub(super) said: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(rename = "__type", default)]
    code: String,
}

impl Caller {
    pub(super) fn new(aws: &AwsSettings) -> Result<Self, BoxError> {
        let endpoint_url = aws.comprehend_endpoint_url.as_deref();
        let client = https::client_builder(endpoint_url, &aws.trusted_roots)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ATTEMPT_TIMEOUT)
            .build()?;
        Ok(Self { client, aws: aws.clone(), url: aws.url_of(SERVICE, endpoint_url) })
    }

    /// Makes one attempt of an operation.
    pub(super) async fn call<A: DeserializeOwned>(
        &self,
        operation: &str,
        request: &Request<'_>,
    ) -> Result<A, CallError> {
        let response = self.send(operation, request).await?;
        let status = response.status();
        let code = response.headers().get(ERROR_TYPE).and_then(|code| code.to_str().ok().map(str::to_owned));
        let body = body_within(response, MAX_ANSWER_BYTES).await.map_err(|error| retry(error.to_string()))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| retry("the answer can't be read".to_owned()));
        }
        let code = code.unwrap_or_else(|| serde_json::from_slice::<Refusal>(&body).unwrap_or_default().code);
        Err(refusal(&code, status.as_u16()))
    }

    async fn send(&self, operation: &str, request: &Request<'_>) -> Result<Response, CallError> {
        let fatal = |error: BoxError| CallError { class: Class::Fatal, said: error.to_string() };
        let body = serde_json::to_vec(request).map_err(|error| fatal(error.into()))?;
        let call = self.client.post(&self.url).header(CONTENT_TYPE, "application/x-amz-json-1.1");
        let call = call.header(TARGET, format!("{TARGET_PREFIX}.{operation}")).body(body).build();
        let mut call = call.map_err(|error| fatal(error.into()))?;
        signed(&mut call, &self.aws, SERVICE).await.map_err(fatal)?;
        self.client.execute(call).await.map_err(|error| retry(no_answer(&error)))
    }
}

fn retry(said: String) -> CallError {
    CallError { class: Class::Retry, said }
}

fn no_answer(error: &reqwest::Error) -> String {
    if error.is_timeout() { "no answer: it took too long".to_owned() } else { no_answer_by(error.source()) }
}

/// A code may stand between the name of its namespace and the address of its documentation.
fn refusal(code: &str, status: u16) -> CallError {
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let code: String = code.chars().filter(|c| !c.is_control()).take(MAX_CODE_CHARS).collect();
    let said = if code.is_empty() { format!("no error code, status {status}") } else { code.clone() };
    CallError { class: class(&code, status), said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_from_what_stands_around_it() {
        for code in [
            "ThrottlingException",
            "com.amazonaws.comprehend#ThrottlingException",
            "ThrottlingException:http://internal.amazon.com/coral/com.amazon.coral.validate/",
            "aws.protocoltests.json#ThrottlingException:http://internal.amazon.com/coral/",
        ] {
            let error = refusal(code, 400);
            assert_eq!(
                (error.class, error.said.as_str()),
                (Class::Throttled, "ThrottlingException"),
                "{code}"
            );
        }
        assert_eq!(refusal("", 503).said, "no error code, status 503");
        assert_eq!(refusal(&"x".repeat(1 << 20), 400).said.len(), MAX_CODE_CHARS);
    }
}
