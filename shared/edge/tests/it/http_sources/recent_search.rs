//! The X API v2's recent search, and its posts as a source.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use edge::aws::TrustedRoots;
use edge::sources::{HttpApi, HttpApiSource, HttpClient, Next, Resume, Source};
use record_model::Schema;
use serde_json::{Value, json};

use super::serve;

/// The X API v2's recent search over a list of posts, newest first, ten a page.
#[derive(Clone, Default)]
pub(super) struct RecentSearch(Arc<Mutex<Search>>);

#[derive(Default)]
struct Search {
    posts: VecDeque<Value>,
    queries: Vec<String>,
    refusals: VecDeque<(u16, &'static str, String)>,
}

impl RecentSearch {
    pub(super) fn post(&self, id: u64) {
        let post = json!({"id": id.to_string(), "text": format!("post {id}"), "author_id": "7"});
        self.0.lock().unwrap().posts.push_front(post);
    }

    pub(super) fn set_posts(&self, posts: &[Value]) {
        self.0.lock().unwrap().posts = posts.iter().cloned().collect();
    }

    pub(super) fn refuse(&self, status: u16, header: &'static str, value: String) {
        self.0.lock().unwrap().refusals.push_back((status, header, value));
    }

    pub(super) fn queries(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().queries)
    }

    pub(super) async fn start(&self) -> String {
        let router = Router::new().route("/2/tweets/search/recent", axum::routing::get(search));
        serve(router.with_state(self.clone())).await
    }
}

async fn search(State(api): State<RecentSearch>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let mut search = api.0.lock().unwrap();
    let query = query.unwrap_or_default();
    search.queries.push(query.clone());
    if headers.get("authorization").is_none_or(|token| token != "Bearer secret") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if let Some((status, header, value)) = search.refusals.pop_front() {
        return (StatusCode::from_u16(status).unwrap(), [(header, value)]).into_response();
    }
    let parameter = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v.to_owned())
    };
    let id = |post: &Value| post["id"].as_str().unwrap().parse::<u64>().unwrap();
    let since = parameter("since_id").map_or(0, |id| id.parse().unwrap());
    let found: Vec<&Value> = search.posts.iter().filter(|post| id(post) > since).collect();
    let from: usize =
        parameter("next_token").map_or(0, |token| token.trim_start_matches('t').parse().unwrap());
    let page: Vec<&Value> = found.iter().skip(from).take(10).copied().collect();
    let mut meta = json!({"result_count": page.len()});
    if let (Some(first), Some(last)) = (page.first(), page.last()) {
        (meta["newest_id"], meta["oldest_id"]) = (first["id"].clone(), last["id"].clone());
    }
    if from + page.len() < found.len() {
        meta["next_token"] = json!(format!("t{}", from + page.len()));
    }
    let answer = if page.is_empty() { json!({"meta": meta}) } else { json!({"data": page, "meta": meta}) };
    axum::Json(answer).into_response()
}

pub(super) fn source(base_url: &str, resume: &Resume) -> HttpApiSource {
    let api = HttpApi::recent_search(base_url, "rust lang:en").unwrap();
    let schema = Schema::built_in("tweets").unwrap();
    HttpApiSource::new(
        HttpClient::new(&TrustedRoots::default()).unwrap(),
        api,
        Some("secret"),
        schema,
        resume,
    )
    .unwrap()
}

/// Reads up to `limit` records: their ids, and where to go on after them.
pub(super) async fn read(source: &mut impl Source, limit: usize) -> (Vec<String>, Resume, &'static str) {
    let (mut ids, mut payload, mut at) = (Vec::new(), Vec::new(), 0);
    let ended = loop {
        if ids.len() == limit {
            break "limit";
        }
        match source.next(&mut payload).await.unwrap() {
            Next::Record { next, .. } => {
                let post: Value = serde_json::from_slice(&payload).unwrap();
                ids.push(post["id"].to_string().trim_matches('"').to_owned());
                at = next;
            }
            Next::Bad { .. } => panic!("no bad posts here"),
            Next::Wait { position } => {
                at = position;
                break "wait";
            }
            Next::End { position } => {
                at = position;
                break "end";
            }
        }
    };
    (ids, source.resume_at(at), ended)
}

pub(super) fn ids(range: impl Iterator<Item = u64>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}
