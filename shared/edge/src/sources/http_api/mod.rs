//! JSON APIs that answer in pages: tokens, links, conditional requests and rate limits.

mod page;
mod source;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::page::Page;
pub use self::source::HttpApiSource;
use super::SourceError;
use super::http::checked_url;
use super::http_headers::next_link;
use super::json_path::text_at;

/// How to ask an API, and how it answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpApi {
    /// The URL, with the parameters that never change.
    pub url: String,
    /// Path of the array of records in an answer, such as `data.items`; empty if the array is the whole
    /// answer.
    #[serde(default)]
    pub items: String,
    /// How to ask for the next page; unset if there is only one answer.
    #[serde(default)]
    pub next: Option<NextPage>,
    /// How to ask only for records that are new since the last run.
    #[serde(default)]
    pub since: Option<Since>,
}

/// How to ask for the next page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum NextPage {
    /// By a token in the answer, which is sent as a parameter.
    Token {
        /// Path of the token in an answer.
        path: String,
        /// The parameter that carries it.
        parameter: String,
    },
    /// By a URL in the answer.
    Url {
        /// Path of the URL in an answer.
        path: String,
    },
    /// By the header `Link: <…>; rel="next"`.
    LinkHeader,
}

/// How to ask only for new records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Path of the newest record's mark in the first page.
    pub newest: String,
    /// The parameter that takes the mark in the next run.
    pub parameter: String,
}

impl HttpApi {
    /// The URL of a page.
    fn url_of(&self, page: &Page) -> Result<Url, SourceError> {
        let mut url = checked_url(&self.url)?;
        if let (Some(since), Some(mark)) = (&self.since, &page.since) {
            url.query_pairs_mut().append_pair(&since.parameter, mark);
        }
        match (&self.next, &page.link) {
            (Some(NextPage::Token { parameter, .. }), Some(token)) => {
                url.query_pairs_mut().append_pair(parameter, token);
            }
            (Some(_), Some(link)) => {
                let next = url.join(link).map_err(|_| missing("usable next link"))?;
                // A token goes only to the server for which it is meant.
                if next.origin() != url.origin() {
                    return Err(missing("next link on the same server"));
                }
                url = next;
            }
            _ => {}
        }
        Ok(url)
    }

    /// The link to the page after this one, from its answer.
    fn link_after(
        &self,
        answer: &RawValue,
        headers: &HeaderMap,
        page: &Page,
    ) -> Result<Option<String>, SourceError> {
        let link = match &self.next {
            Some(NextPage::Token { path, .. } | NextPage::Url { path }) => text_at(answer, path),
            Some(NextPage::LinkHeader) => next_link(headers),
            None => None,
        };
        let link = link.filter(|link| !link.is_empty());
        // A server that names a page as its own successor would be asked for ever.
        if link.is_some() && link == page.link { Err(missing("next link of another page")) } else { Ok(link) }
    }
}

fn missing(expected: &str) -> SourceError {
    SourceError::Answer { expected: expected.to_owned() }
}
