//! A server of OpenSearch: documents in bulk, and the template of an index.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
pub use reqwest::Method;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;

use crate::BoxError;
use crate::aws::TrustedRoots;
use crate::aws::https::{self, BodyError, body_within};
#[cfg(feature = "profile")]
use crate::aws::{AwsSettings, sigv4};

/// How long one request may take: a bulk of many megabytes on a small server.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer that is read. One to a bulk of 100 MB has some hundred bytes a document.
const MAX_ANSWER_BYTES: usize = 256 << 20;
/// Longest reason of a refusal that is kept.
const MAX_REASON_CHARS: usize = 500;
/// Of a bulk's answer: whether any document failed, and of each document its status and its error.
const BULK_ANSWER: &str = "errors,items.*.status,items.*.error";
/// How the hosts of AWS's domains and collections end, behind their region.
const AWS_HOSTS: [&str; 4] =
    [".es.amazonaws.com", ".aoss.amazonaws.com", ".es.amazonaws.com.cn", ".aoss.amazonaws.com.cn"];
const JSON: &str = "application/json";
const JSON_LINES: &str = "application/x-ndjson";

/// Why a server of OpenSearch did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum OpenSearchError {
    /// What was given is no URL of a server.
    #[error("{found:?} is no URL of an OpenSearch server, expected one such as http://127.0.0.1:9200")]
    Url {
        /// The text, without a password.
        found: String,
    },
    /// No answer came.
    #[error("the OpenSearch server does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// The request was refused as a whole.
    #[error("the OpenSearch server answered {status}: {reason}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The server's reason, cut to 500 characters.
        reason: String,
    },
    /// The request can't be signed for AWS.
    #[error("the request can't be signed for AWS")]
    Signature(#[source] BoxError),
    /// The answer is too long.
    #[error("the OpenSearch server's answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    /// The answer is no JSON.
    #[error("the OpenSearch server's answer is no JSON")]
    NoJson(#[from] serde_json::Error),
}

/// A client of one server. A user and a password in its URL are sent as basic authorisation, and told to nobody.
#[derive(Clone)]
pub struct OpenSearch {
    client: Client,
    url: Url,
    /// The keys that requests are signed with, where the server is AWS's.
    #[cfg(feature = "profile")]
    aws: Option<AwsSettings>,
}

/// Without a password.
impl fmt::Debug for OpenSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OpenSearch at {}:{:?}",
            self.url.host_str().unwrap_or_default(),
            self.url.port_or_known_default()
        )
    }
}

impl OpenSearch {
    /// A client of the server at `url`; no request is sent yet.
    pub fn new(url: &str, roots: &TrustedRoots) -> Result<Self, OpenSearchError> {
        let refused =
            || OpenSearchError::Url { found: url.rsplit('@').next().unwrap_or_default().to_owned() };
        let parsed = Url::parse(url).map_err(|_| refused())?;
        let is_one = matches!(parsed.scheme(), "http" | "https") && parsed.has_host();
        if !is_one || parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(refused());
        }
        let client = https::client_builder(Some(url), roots)
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(OpenSearchError::Unreachable)?;
        Ok(Self {
            client,
            url: parsed,
            #[cfg(feature = "profile")]
            aws: None,
        })
    }

    /// The region of a domain or a collection of AWS, by its host; `None` for any other server, and for one whose URL has a
    /// user of its own.
    pub fn aws_region(&self) -> Option<&str> {
        let host = self.url.host_str().filter(|_| self.url.username().is_empty())?;
        let before = AWS_HOSTS.iter().find_map(|end| host.strip_suffix(end))?;
        before.rsplit('.').next().filter(|region| !region.is_empty())
    }

    /// Signs each request with these keys, as a domain or a collection of AWS asks for it.
    #[cfg(feature = "profile")]
    #[must_use]
    pub fn signed(mut self, aws: AwsSettings) -> Self {
        self.aws = Some(aws);
        self
    }

    /// Sends lines of `_bulk`; the server's answer has a status for each document, and the error of each that failed.
    pub async fn bulk(&self, lines: Bytes) -> Result<Bytes, OpenSearchError> {
        let mut url = self.place(&["_bulk"]);
        url.query_pairs_mut().append_pair("filter_path", BULK_ANSWER);
        self.send(self.client.post(url).header(CONTENT_TYPE, JSON_LINES).body(lines)).await
    }

    /// Asks for what is at these parts of a path, with a body or without one. `None` where nothing is there.
    pub async fn call(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Option<Value>, OpenSearchError> {
        let mut request = self.client.request(method, self.place(path));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, JSON).body(serde_json::to_vec(body)?);
        }
        match self.send(request).await {
            Ok(answer) => Ok(Some(serde_json::from_slice(&answer)?)),
            Err(OpenSearchError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Bytes, OpenSearchError> {
        #[cfg_attr(not(feature = "profile"), expect(unused_mut, reason = "a signature is written into it"))]
        let mut request = request.build().map_err(unreachable)?;
        #[cfg(feature = "profile")]
        if let Some(aws) = &self.aws {
            let is_collection = self.url.host_str().is_some_and(|host| host.contains(".aoss."));
            let service = if is_collection { "aoss" } else { "es" };
            sigv4::signed(&mut request, aws, service).await.map_err(OpenSearchError::Signature)?;
        }
        answer(self.client.execute(request).await).await
    }

    fn place(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        url
    }
}

/// The URL of an error may have a password in it.
fn unreachable(error: reqwest::Error) -> OpenSearchError {
    OpenSearchError::Unreachable(error.without_url())
}

async fn answer(response: Result<Response, reqwest::Error>) -> Result<Bytes, OpenSearchError> {
    let response = response.map_err(unreachable)?;
    let status = response.status();
    let body = body_within(response, MAX_ANSWER_BYTES).await.map_err(|error| match error {
        BodyError::Broken(error) => OpenSearchError::Unreachable(error),
        BodyError::TooLong { .. } => OpenSearchError::TooLong,
    })?;
    if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
}

/// A server gives its reason as JSON, a proxy in front of it as any text.
fn refusal(status: StatusCode, body: &[u8]) -> OpenSearchError {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let reason = ["/error/root_cause/0/reason", "/error/reason", "/error", "/message", "/Message"]
        .iter()
        .find_map(|place| json.pointer(place)?.as_str().map(ToOwned::to_owned))
        .unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let reason = reason.chars().take(MAX_REASON_CHARS).collect();
    OpenSearchError::Refused { status: status.as_u16(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_url_of_a_server_is_refused_without_its_password() {
        for url in ["", "127.0.0.1:9200", "ftp://a", "http://", "http://u:secret@h/?q", "x://u:secret@h"] {
            let error = OpenSearch::new(url, &TrustedRoots::default()).err().unwrap().to_string();
            assert!(!error.contains("secret"), "{error}");
            assert!(error.contains("expected one such as"), "{error}");
        }
    }

    #[test]
    fn a_server_behind_a_path_is_asked_behind_it() {
        for url in ["https://h/search", "https://h/search/"] {
            let server = OpenSearch::new(url, &TrustedRoots::default()).unwrap();
            assert_eq!(server.place(&["a b", "_doc"]).as_str(), "https://h/search/a%20b/_doc");
        }
    }

    #[test]
    fn a_host_of_aws_says_its_region() {
        let region = |url: &str| {
            let server = OpenSearch::new(url, &TrustedRoots::default()).unwrap();
            server.aws_region().map(ToOwned::to_owned)
        };
        let domain = "search-crimes-abc.eu-west-1.es.amazonaws.com";
        assert_eq!(region(&format!("https://{domain}")).as_deref(), Some("eu-west-1"));
        assert_eq!(region("https://abc.us-east-1.aoss.amazonaws.com").as_deref(), Some("us-east-1"));
        for other in ["https://search.example.org", "http://127.0.0.1:9200", &format!("https://u:p@{domain}")]
        {
            assert_eq!(region(other), None, "{other}");
        }
    }

    #[test]
    fn the_reason_of_a_refusal_is_the_servers_own_and_bounded() {
        let told = |body: &str| refusal(StatusCode::BAD_REQUEST, body.as_bytes()).to_string();
        let nested = r#"{"error":{"root_cause":[{"reason":"cause"}],"reason":"outer"},"status":400}"#;
        assert_eq!(told(nested), "the OpenSearch server answered 400: cause");
        assert_eq!(told(r#"{"Message":"denied"}"#), "the OpenSearch server answered 400: denied");
        assert_eq!(told("<html>"), "the OpenSearch server answered 400: <html>");
        assert!(told(&"x".repeat(10_000)).len() < 600);
    }
}
