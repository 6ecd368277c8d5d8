//! GET requests for sources. They are bounded, and they wait if a server asks for it.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::StatusCode;
use reqwest::{Client, RequestBuilder, Response, Url};

use super::http_headers::{strong_validator, wait_asked_for};
use super::{ByteSource, SourceError};
use crate::aws::TrustedRoots;
use crate::aws::https::{self, BodyError, body_within};
use crate::backoff::full_jitter;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a server may send nothing.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const MAX_TRIES: u32 = 5;
/// The longest wait at a server's request. A longer one is left to the next run.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The longest answer that is read whole.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// A client for sources. Clones share one connection pool.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client,
}

/// How a GET ended that did not fail.
pub(crate) enum Answered {
    /// 200 or 206.
    Ok(Response),
    /// 304: the caller has the current version.
    NotModified,
    /// The server asks for a longer wait than a run should make.
    Wait(Duration),
}

impl HttpClient {
    /// Makes a client; no request is sent yet.
    pub fn new(trusted_roots: &TrustedRoots) -> Result<Self, SourceError> {
        let client = https::client_builder(None, trusted_roots)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()
            .map_err(|error| SourceError::Read(error.into()))?;
        Ok(Self { client })
    }

    /// Sends a GET. `prepare` adds its headers anew on each attempt.
    pub(crate) async fn get(
        &self,
        url: &Url,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder + Send,
    ) -> Result<Answered, SourceError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let pause = full_jitter(FIRST_PAUSE, LONGEST_PAUSE, tries);
            let response = match prepare(self.client.get(url.clone())).send().await {
                Ok(response) => response,
                Err(_) if tries < MAX_TRIES => {
                    tokio::time::sleep(pause).await;
                    continue;
                }
                // The error's text may contain the query, and the query may contain a secret.
                Err(error) => return Err(SourceError::Read(error.without_url().into())),
            };
            let status = response.status();
            match status {
                StatusCode::OK | StatusCode::PARTIAL_CONTENT => return Ok(Answered::Ok(response)),
                StatusCode::NOT_MODIFIED => return Ok(Answered::NotModified),
                _ if !is_passing(status) => return Err(SourceError::Status { status: status.as_u16() }),
                _ => {}
            }
            let wait = wait_asked_for(response.headers(), SystemTime::now());
            if wait.is_some_and(|wait| wait > LONGEST_WAIT) {
                return Ok(Answered::Wait(wait.unwrap_or_default()));
            }
            if tries >= MAX_TRIES {
                return Err(SourceError::Status { status: status.as_u16() });
            }
            tokio::time::sleep(wait.unwrap_or(pause)).await;
        }
    }
}

/// The whole body, whose size is bounded.
pub(crate) async fn body(response: Response) -> Result<Bytes, SourceError> {
    body_within(response, MAX_ANSWER_BYTES).await.map_err(|error| match error {
        BodyError::Broken(error) => SourceError::Read(error.into()),
        BodyError::TooLong { limit } => SourceError::AnswerTooLong { limit },
    })
}

/// A URL from which a source may be read: https, or http on this machine.
pub(crate) fn checked_url(url: &str) -> Result<Url, SourceError> {
    let refused = || SourceError::Url { url: url.split('?').next().unwrap_or_default().to_owned() };
    let parsed = Url::parse(url).map_err(|_| refused())?;
    let is_local = matches!(parsed.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match parsed.scheme() {
        "https" => Ok(parsed),
        "http" if is_local => Ok(parsed),
        _ => Err(refused()),
    }
}

fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

/// A file on a web server.
pub struct HttpBytes {
    client: HttpClient,
    url: Url,
    version: Option<String>,
    response: Option<Response>,
    /// Where to continue with a new request.
    seek_to: Option<u64>,
    /// The bytes that came together with the last of those passed over.
    rest: Option<Bytes>,
}

impl HttpBytes {
    /// Asks for the file.
    pub async fn open(client: HttpClient, url: &str) -> Result<Self, SourceError> {
        let url = checked_url(url)?;
        let response = match client.get(&url, |request| request).await? {
            Answered::Ok(response) => response,
            Answered::NotModified => return Err(SourceError::Status { status: 304 }),
            Answered::Wait(wait) => return Err(SourceError::AskedToWait { seconds: wait.as_secs() }),
        };
        let version = strong_validator(response.headers());
        Ok(Self { client, url, version, response: Some(response), seek_to: None, rest: None })
    }

    /// Returns what proves that the file is the same in another run: a strong `ETag` or `Last-Modified`, if
    /// the server sends one.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Asks for the rest of the same version, or reads up to it if the server sends everything. The answer
    /// must prove that it has that version, whatever the server made of the condition.
    async fn go_to(&mut self, offset: u64) -> Result<(), SourceError> {
        let range = format!("bytes={offset}-");
        let Some(version) = self.version.clone() else { return Err(SourceError::Changed) };
        let prepare = |request: RequestBuilder| request.header("range", &range).header("if-range", &version);
        let response = match self.client.get(&self.url, prepare).await {
            Ok(Answered::Ok(response)) => response,
            // There is nothing beyond the end.
            Err(SourceError::Status { status: 416 }) => return Ok(()),
            Ok(Answered::Wait(wait)) => return Err(SourceError::AskedToWait { seconds: wait.as_secs() }),
            Ok(Answered::NotModified) => return Err(SourceError::Changed),
            Err(error) => return Err(error),
        };
        if strong_validator(response.headers()) != self.version {
            return Err(SourceError::Changed);
        }
        let mut skip = if response.status() == StatusCode::PARTIAL_CONTENT { 0 } else { offset };
        self.response = Some(response);
        while skip > 0 {
            let Some(mut piece) = self.piece().await? else { return Ok(()) };
            let skipped = usize::try_from(skip).unwrap_or(usize::MAX).min(piece.len());
            let rest = piece.split_off(skipped);
            skip -= skipped as u64;
            self.rest = Some(rest).filter(|rest| !rest.is_empty());
        }
        Ok(())
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        let Some(response) = &mut self.response else { return Ok(None) };
        response.chunk().await.map_err(|error| SourceError::Read(error.without_url().into()))
    }
}

impl ByteSource for HttpBytes {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        if let Some(offset) = self.seek_to.take() {
            self.response = None;
            self.go_to(offset).await?;
        }
        if let Some(rest) = self.rest.take() {
            return Ok(Some(rest));
        }
        loop {
            match self.piece().await? {
                Some(piece) if piece.is_empty() => {}
                piece => return Ok(piece),
            }
        }
    }

    fn seek(&mut self, offset: u64) -> Result<bool, SourceError> {
        // Without proof, only this one answer is known to be the file.
        if self.version.is_some() {
            (self.seek_to, self.rest) = (Some(offset), None);
        }
        Ok(self.version.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_read_from() {
        for url in ["https://example.org/a?b=c", "http://127.0.0.1:8080/", "http://localhost/x"] {
            assert!(checked_url(url).is_ok(), "{url}");
        }
        for url in ["http://example.org/", "ftp://127.0.0.1/", "file:///etc/passwd", "no url"] {
            assert!(checked_url(url).is_err(), "{url}");
        }
        let error = checked_url("http://example.org/?token=hush").unwrap_err();
        assert!(!error.to_string().contains("hush"));
    }
}
