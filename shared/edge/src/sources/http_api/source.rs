//! The records of an API, page after page.

use std::collections::VecDeque;

use record_model::Schema;
use reqwest::RequestBuilder;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::value::RawValue;

use super::page::Page;
use super::{HttpApi, missing};
use crate::sources::http::{Answered, body, checked_url};
use crate::sources::json_lines::payload_of;
use crate::sources::json_path::{at_path, text_at};
use crate::sources::{HttpClient, Next, Resume, Source, SourceError};

/// The records of an API. A position counts records over all runs.
pub struct HttpApiSource {
    client: HttpClient,
    api: HttpApi,
    bearer: Option<HeaderValue>,
    schema: Schema,
    /// The page to ask for next; `None` at the end of a run.
    next_page: Option<Page>,
    /// Pages whose records may not be acknowledged yet. The current page is last.
    pages: VecDeque<Page>,
    items: VecDeque<Box<RawValue>>,
    position: u64,
    /// How many records of the first page an earlier run has sent.
    skip: u64,
    /// What the next run starts from, once this one is at its end.
    next_run: Option<Page>,
    /// Whether a mark that the server refuses ends the run.
    keeps_mark: bool,
}

/// How many pages before the current one are kept: far more than an engine has under way.
const MAX_PAGES: usize = 1000;

impl HttpApiSource {
    /// Continues where `resume` says. `bearer` is the token of the `Authorization` header.
    pub fn new(
        client: HttpClient,
        api: HttpApi,
        bearer: Option<&str>,
        schema: Schema,
        resume: &Resume,
    ) -> Result<Self, SourceError> {
        checked_url(&api.url)?;
        let fresh = Page { first: resume.position, ..Page::default() };
        let page = resume.page.as_deref().and_then(|page| serde_json::from_str::<Page>(page).ok());
        let page = page.filter(|page| page.first <= resume.position).unwrap_or(fresh);
        Ok(Self {
            client,
            api,
            bearer: bearer.map(authorization).transpose()?,
            schema,
            skip: resume.position - page.first,
            position: page.first,
            next_page: Some(page),
            pages: VecDeque::new(),
            items: VecDeque::new(),
            next_run: None,
            keeps_mark: false,
        })
    }

    /// Makes the run fail if the server refuses the mark of the last run. Otherwise everything that the
    /// server still has is read again: a mark may be older than what the server keeps, and would then be
    /// refused for ever.
    #[must_use]
    pub fn keeping_mark(self) -> Self {
        Self { keeps_mark: true, ..self }
    }

    /// Asks for the next page; `false` if the server asks to be left alone for a while.
    async fn turn_page(&mut self, page: Page) -> Result<bool, SourceError> {
        let url = self.api.url_of(&page)?;
        let etag = page.etag.clone().filter(|_| page.link.is_none());
        let bearer = self.bearer.clone();
        let prepare = |mut request: RequestBuilder| {
            request = request.header("accept", "application/json");
            if let Some(bearer) = &bearer {
                request = request.header("authorization", bearer.clone());
            }
            match &etag {
                Some(etag) => request.header("if-none-match", etag),
                None => request,
            }
        };
        let answered = match self.client.get(&url, prepare).await {
            Err(SourceError::Status { status: 400 | 404 | 410 }) if self.is_of_earlier_run(&page) => {
                tracing::warn!("the server no longer knows the page to go on from; its run starts over");
                self.start_run_over(&page, page.since.clone());
                return Ok(true);
            }
            Err(SourceError::Status { status: 400 | 404 | 410 | 422 }) if self.may_give_up_mark(&page) => {
                tracing::warn!(
                    "the server refuses the mark of the last run; everything it still has is read"
                );
                self.start_run_over(&page, None);
                return Ok(true);
            }
            answered => answered?,
        };
        match answered {
            Answered::Wait(wait) => {
                tracing::warn!(wait_s = wait.as_secs(), "the server asks to wait");
                self.next_page = Some(page);
                Ok(false)
            }
            Answered::NotModified => {
                self.next_run = Some(page);
                Ok(true)
            }
            Answered::Ok(response) => {
                let headers = response.headers().clone();
                self.open_page(page, &headers, &body(response).await?)?;
                Ok(true)
            }
        }
    }

    /// Whether an earlier invocation learnt of this page. Such tokens and links expire.
    fn is_of_earlier_run(&self, page: &Page) -> bool {
        self.pages.is_empty() && page.link.is_some()
    }

    /// Whether the server may have refused the mark of the last run, and whether it may be given up.
    fn may_give_up_mark(&self, page: &Page) -> bool {
        !self.keeps_mark && page.link.is_none() && page.since.is_some()
    }

    /// Asks again for all records after a mark. Those that were sent before come twice, and none is lost.
    fn start_run_over(&mut self, page: &Page, since: Option<String>) {
        self.position = page.first + std::mem::take(&mut self.skip);
        self.next_page = Some(Page { first: self.position, since, ..Page::default() });
    }

    fn open_page(&mut self, mut page: Page, headers: &HeaderMap, body: &[u8]) -> Result<(), SourceError> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        let answer: &RawValue = serde_json::from_slice(body).map_err(|_| missing("JSON"))?;
        let items = at_path(answer, &self.api.items);
        // An empty page may lack the array.
        let items: Vec<Box<RawValue>> = match items {
            Some(items) => serde_json::from_str(items.get()).map_err(|_| missing(&self.api.items))?,
            None if self.api.items.is_empty() => return Err(missing("array")),
            None => Vec::new(),
        };
        if page.link.is_none() {
            let since = self.api.since.as_ref();
            page.newest = since.and_then(|since| text_at(answer, &since.newest)).or(page.since.clone());
            page.etag = headers.get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        }
        let after = page.first + items.len() as u64;
        let link = self.api.link_after(answer, headers, &page)?;
        if link.is_some() {
            self.next_page = Some(Page { first: after, link, ..page.clone() });
        } else {
            let since = page.newest.clone();
            self.next_run = Some(Page { first: after, link, since, ..page.clone() });
        }
        self.position = page.first;
        self.items = items.into();
        self.pages.push_back(page);
        if self.pages.len() > MAX_PAGES {
            self.pages.pop_front();
        }
        Ok(())
    }
}

/// The value of the `Authorization` header. A secret that was stored from a file often ends with a line end.
fn authorization(token: &str) -> Result<HeaderValue, SourceError> {
    let token = Some(token.trim()).filter(|token| !token.is_empty()).ok_or(SourceError::Bearer)?;
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| SourceError::Bearer)?;
    value.set_sensitive(true);
    Ok(value)
}

impl Source for HttpApiSource {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        payload.clear();
        loop {
            if let Some(item) = self.items.pop_front() {
                let position = self.position;
                self.position += 1;
                if self.skip > 0 {
                    self.skip -= 1;
                    continue;
                }
                payload.extend_from_slice(item.get().as_bytes());
                return Ok(match payload_of(&self.schema, payload) {
                    Ok(()) => Next::Record { position, next: self.position },
                    Err(error) => Next::Bad { position, next: self.position, error },
                });
            }
            let Some(page) = self.next_page.take() else { return Ok(Next::End { position: self.position }) };
            if !self.turn_page(page).await? {
                return Ok(Next::Wait { position: self.position + self.skip });
            }
        }
    }

    fn resume_at(&self, position: u64) -> Resume {
        let is_over = self.items.is_empty() && self.next_page.is_none() && position >= self.position;
        let page = match (&self.next_run, &self.next_page) {
            (Some(next_run), _) if is_over => Some(next_run),
            (_, Some(next_page)) if next_page.first <= position => Some(next_page),
            _ => self.pages.iter().rev().find(|page| page.first <= position),
        };
        Resume { position, page: page.and_then(|page| serde_json::to_string(page).ok()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_can_not_be_sent_is_told_as_one_and_not_shown() {
        assert_eq!(authorization(" hush\r\n").unwrap(), "Bearer hush");
        for token in ["", " \n", "hu\nsh", "hu\0sh"] {
            let error = authorization(token).unwrap_err().to_string();
            assert!(error.contains("bearer token") && !error.contains("hu"), "{token:?}: {error}");
        }
        assert!(!format!("{:?}", authorization("hush").unwrap()).contains("hush"));
    }
}
