//! Posts from the recent search of the X API v2.

use serde::Deserialize;

use super::http::checked_url;
use super::{
    Access, ApiSpec, Found, HttpApi, HttpApiSource, NextPage, OpenError, SecretSpec, Since, SourceError,
};

/// Posts that match a query.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TweetsSpec {
    /// The query, in that API's syntax.
    pub query: String,
    /// The bearer token.
    pub bearer: SecretSpec,
    /// The URL of another server that speaks the API, for tests.
    #[serde(default = "x_api")]
    pub base_url: String,
}

fn x_api() -> String {
    "https://api.x.com".to_owned()
}

impl TweetsSpec {
    pub(super) fn name(&self) -> String {
        format!("tweets:{}", self.query)
    }

    pub(super) async fn find<O>(&self, access: &Access<'_, O>) -> Result<Found<HttpApiSource>, OpenError> {
        let api = HttpApi::recent_search(&self.base_url, &self.query)?;
        ApiSpec { api, bearer: Some(self.bearer.clone()) }.find(access).await
    }
}

impl HttpApi {
    /// Describes the recent search of the X API v2: up to 100 posts a page, the newest first, from the last 7
    /// days. `base_url` is `https://api.x.com` except in tests.
    pub fn recent_search(base_url: &str, query: &str) -> Result<Self, SourceError> {
        let mut url = checked_url(base_url)?;
        url.set_path("/2/tweets/search/recent");
        let fields = "author_id,created_at,entities,lang,note_tweet,public_metrics,referenced_tweets";
        url.query_pairs_mut()
            .append_pair("query", query)
            .append_pair("max_results", "100")
            .append_pair("tweet.fields", fields);
        let token = NextPage::Token { path: "meta.next_token".into(), parameter: "next_token".into() };
        let since = Since { newest: "meta.newest_id".into(), parameter: "since_id".into() };
        Ok(Self { url: url.into(), items: "data".into(), next: Some(token), since: Some(since) })
    }
}
