//! Sources on web servers, against servers on loopback that speak as documented.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that can't go on has failed"
)]
#![cfg(feature = "http")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use edge::aws::TrustedRoots;
use edge::sources::{
    CsvSource, HttpApi, HttpApiSource, HttpBytes, HttpClient, MaybeGzip, Next, NextPage, Resume, Source,
    SourceError,
};
use record_model::Schema;
use serde_json::{Value, json};

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// The X API v2's recent search over a list of posts, newest first, ten a page.
#[derive(Clone, Default)]
struct RecentSearch(Arc<Mutex<Search>>);

#[derive(Default)]
struct Search {
    posts: VecDeque<Value>,
    queries: Vec<String>,
    refusals: VecDeque<(u16, &'static str, String)>,
}

impl RecentSearch {
    fn post(&self, id: u64) {
        let post = json!({"id": id.to_string(), "text": format!("post {id}"), "author_id": "7"});
        self.0.lock().unwrap().posts.push_front(post);
    }

    fn refuse(&self, status: u16, header: &'static str, value: String) {
        self.0.lock().unwrap().refusals.push_back((status, header, value));
    }

    fn queries(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().queries)
    }

    async fn start(&self) -> String {
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

fn source(base_url: &str, resume: &Resume) -> HttpApiSource {
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
async fn read(source: &mut impl Source, limit: usize) -> (Vec<String>, Resume, &'static str) {
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

fn ids(range: impl Iterator<Item = u64>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}

#[tokio::test]
async fn a_run_whose_next_page_has_expired_starts_over_at_its_mark_and_loses_nothing() {
    let api = RecentSearch::default();
    (1..=25).for_each(|id| api.post(id));
    let url = api.start().await;
    let (_, resume, _) = read(&mut source(&url, &Resume::default()), 12).await;
    api.refuse(400, "x-made-up", "1".to_owned());
    api.queries();
    let (rest, resume, ended) = read(&mut source(&url, &resume), 1000).await;
    assert_eq!((rest, ended), (ids((1..=25).rev()), "end"));
    let queries = api.queries();
    assert!(queries[0].contains("next_token=t10") && !queries[1].contains("next_token"), "{queries:?}");
    api.post(26);
    let (newer, _, _) = read(&mut source(&url, &resume), 1000).await;
    assert_eq!(newer, ids(26..=26));
}

#[tokio::test]
async fn a_mark_that_the_server_refuses_is_given_up_unless_it_is_to_be_kept() {
    let api = RecentSearch::default();
    (1..=5).for_each(|id| api.post(id));
    let url = api.start().await;
    let (_, resume, _) = read(&mut source(&url, &Resume::default()), 1000).await;
    (6..=7).for_each(|id| api.post(id));
    api.refuse(400, "x-made-up", "1".to_owned());
    let error = source(&url, &resume).keeping_mark().next(&mut Vec::new()).await.unwrap_err();
    assert!(matches!(error, SourceError::Status { status: 400 }), "{error}");
    api.refuse(400, "x-made-up", "1".to_owned());
    api.queries();
    let (all, resume, ended) = read(&mut source(&url, &resume), 1000).await;
    assert_eq!((all, ended), (ids((1..=7).rev()), "end"));
    let queries = api.queries();
    assert!(queries[0].contains("since_id=5") && !queries[1].contains("since_id"), "{queries:?}");
    api.post(8);
    let (newer, _, _) = read(&mut source(&url, &resume), 1000).await;
    assert_eq!(newer, ["8"], "the mark of that run counts again");
}

#[tokio::test]
async fn the_whole_of_a_long_post_is_asked_for() {
    let api = RecentSearch::default();
    let url = api.start().await;
    read(&mut source(&url, &Resume::default()), 1).await;
    assert!(api.queries()[0].contains("note_tweet"));
}

#[tokio::test]
async fn a_date_to_come_again_ends_the_run_after_one_request() {
    let api = RecentSearch::default();
    api.post(1);
    let url = api.start().await;
    let date = httpdate::fmt_http_date(std::time::SystemTime::now() + std::time::Duration::from_mins(30));
    api.refuse(429, "retry-after", date);
    let (none, _, ended) = read(&mut source(&url, &Resume::default()), 10).await;
    assert_eq!((none.len(), ended, api.queries().len()), (0, "wait", 1));
}

#[tokio::test]
async fn a_file_is_gone_on_with_only_where_the_server_proves_that_it_is_the_same() {
    const FILE: &str = "first,last,age,gender\nAda,Lovelace,36,female\nAlan,Turing,41,male\n";
    let replaced = FILE.replace("Turing", "Mathison");
    // What the server says of the file when it is opened, and when it is asked for the rest.
    for (at_first, then, version, is_refused) in [
        ("\"v1\"", "\"v1\"", Some("\"v1\""), false),
        ("\"v1\"", "\"v2\"", Some("\"v1\""), true),
        ("\"v1\"", "", Some("\"v1\""), true),
        ("W/\"v1\"", "W/\"v1\"", None, false),
        ("", "", None, false),
    ] {
        let replaced = replaced.clone();
        let answer = move |headers: HeaderMap| async move {
            if headers.contains_key("range") {
                return (StatusCode::PARTIAL_CONTENT, [("etag", then)], replaced[45..].to_owned())
                    .into_response();
            }
            ([("etag", at_first)], FILE).into_response()
        };
        let url = serve(Router::new().route("/f", axum::routing::get(answer))).await + "/f";
        let bytes = HttpBytes::open(HttpClient::new(&TrustedRoots::default()).unwrap(), &url).await.unwrap();
        assert_eq!(bytes.version(), version, "{at_first}");
        let schema = Schema::built_in("users").unwrap();
        let mut source = CsvSource::new(MaybeGzip::new(bytes), schema, url.clone(), 0, 45);
        let mut payload = Vec::new();
        let found = source.next(&mut payload).await;
        if is_refused {
            assert!(matches!(found, Err(SourceError::Changed)), "{at_first} {then}");
        } else {
            found.unwrap();
            // Without proof it is this very answer that is read up to there.
            let expected = if version.is_some() { "Mathison" } else { "Turing" };
            assert!(String::from_utf8_lossy(&payload).contains(expected), "{at_first}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_busy_when_a_file_is_opened_is_told_apart_from_one_that_fails() {
    let answer = || async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")]).into_response() };
    let url = serve(Router::new().route("/f", axum::routing::get(answer))).await + "/f";
    let opened = HttpBytes::open(HttpClient::new(&TrustedRoots::default()).unwrap(), &url).await;
    assert!(matches!(opened, Err(SourceError::AskedToWait { seconds: 3600 })));
}

#[tokio::test]
async fn a_refusal_that_is_no_expired_page_is_an_error() {
    let api = RecentSearch::default();
    let url = api.start().await;
    api.refuse(400, "x-made-up", "1".to_owned());
    let error = source(&url, &Resume::default()).next(&mut Vec::new()).await.unwrap_err();
    assert!(matches!(error, SourceError::Status { status: 400 }), "{error}");
}

#[tokio::test]
async fn a_search_is_read_page_by_page_and_the_next_run_asks_for_newer_posts_only() {
    let api = RecentSearch::default();
    (1..=25).for_each(|id| api.post(id));
    let url = api.start().await;
    let (first, resume, ended) = read(&mut source(&url, &Resume::default()), 1000).await;
    assert_eq!((first, ended), (ids((1..=25).rev()), "end"));
    assert!(api.queries()[0].contains("query=rust+lang%3Aen&max_results=100"));
    (26..=37).for_each(|id| api.post(id));
    let (second, resume, _) = read(&mut source(&url, &resume), 1000).await;
    assert_eq!(second, ids((26..=37).rev()));
    assert!(api.queries().iter().all(|query| query.contains("since_id=25")));
    let (third, resume, ended) = read(&mut source(&url, &resume), 1000).await;
    assert_eq!((third, ended), (vec![], "end"));
    api.post(38);
    let (fourth, _, _) = read(&mut source(&url, &resume), 1000).await;
    assert_eq!(fourth, ["38"], "an empty run keeps the mark");
}

#[tokio::test]
async fn a_run_cut_short_anywhere_goes_on_with_the_next_post() {
    let api = RecentSearch::default();
    (1..=25).for_each(|id| api.post(id));
    let url = api.start().await;
    for cut in 0..=25 {
        let (mut first, resume, _) = read(&mut source(&url, &Resume::default()), cut).await;
        let (rest, _, _) = read(&mut source(&url, &resume), 1000).await;
        first.extend(rest);
        assert_eq!(first, ids((1..=25).rev()), "cut after {cut}");
    }
}

#[tokio::test]
async fn a_short_wait_is_waited_out_and_a_long_one_ends_the_run_where_it_is() {
    let api = RecentSearch::default();
    (1..=15).for_each(|id| api.post(id));
    let url = api.start().await;
    api.refuse(429, "retry-after", "0".into());
    api.refuse(503, "x-none", String::new());
    let mut source_now = source(&url, &Resume::default());
    let (first, _, _) = read(&mut source_now, 10).await;
    assert_eq!(first.len(), 10);
    let in_15_minutes =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 900;
    api.refuse(429, "x-rate-limit-reset", in_15_minutes.to_string());
    let (none, resume, ended) = read(&mut source_now, 1000).await;
    assert_eq!((none.len(), ended), (0, "wait"));
    let (rest, _, ended) = read(&mut source(&url, &resume), 1000).await;
    assert_eq!((rest, ended), (ids((1..=5).rev()), "end"));
}

#[tokio::test]
async fn a_wrong_token_is_told_and_not_shown() {
    let url = RecentSearch::default().start().await;
    let api = HttpApi::recent_search(&url, "rust").unwrap();
    let schema = Schema::built_in("tweets").unwrap();
    let client = HttpClient::new(&TrustedRoots::default()).unwrap();
    let mut source = HttpApiSource::new(client, api, Some("hush"), schema, &Resume::default()).unwrap();
    let error = source.next(&mut Vec::new()).await.unwrap_err();
    assert!(matches!(error, SourceError::Status { status: 401 }), "{error}");
    assert!(!format!("{error:?}").contains("hush"));
}

#[tokio::test]
async fn the_real_posts_arrive_byte_for_byte_once() {
    let Some(file) = test_support::data("tweets/v2.jsonl") else { return };
    let lines = std::fs::read_to_string(file).unwrap();
    let api = RecentSearch::default();
    let mut posts: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    posts.sort_by_key(|post| std::cmp::Reverse(post["id"].as_str().unwrap().parse::<u64>().unwrap()));
    api.0.lock().unwrap().posts = posts.iter().cloned().collect();
    let url = api.start().await;
    let mut source = source(&url, &Resume::default());
    let mut payload = Vec::new();
    let mut found: Vec<Value> = Vec::new();
    while let Next::Record { .. } = source.next(&mut payload).await.unwrap() {
        found.push(serde_json::from_slice(&payload).unwrap());
    }
    assert_eq!(found.len(), posts.len());
    assert!(found == posts);
}

#[tokio::test]
async fn an_api_of_one_page_is_asked_only_for_what_has_changed() {
    let answer = |headers: HeaderMap| async move {
        match headers.get("if-none-match") {
            Some(tag) if tag == "\"v1\"" => StatusCode::NOT_MODIFIED.into_response(),
            _ => ([("etag", "\"v1\"")], axum::Json(json!([{"id": 1}, {"id": 2}]))).into_response(),
        }
    };
    let url = serve(Router::new().route("/all", axum::routing::get(answer))).await;
    let api = HttpApi { url: format!("{url}/all"), items: String::new(), next: None, since: None };
    let source = |resume: &Resume| {
        let schema = Schema::built_in("tweets").unwrap();
        HttpApiSource::new(
            HttpClient::new(&TrustedRoots::default()).unwrap(),
            api.clone(),
            None,
            schema,
            resume,
        )
        .unwrap()
    };
    let (first, resume, _) = read(&mut source(&Resume::default()), 100).await;
    assert_eq!(first, ["1", "2"]);
    let (second, resume, ended) = read(&mut source(&resume), 100).await;
    assert_eq!((second.len(), ended), (0, "end"));
    let (third, _, _) = read(&mut source(&resume), 100).await;
    assert_eq!(third.len(), 0);
}

#[tokio::test]
async fn a_next_link_to_another_server_or_to_itself_is_refused() {
    for next in ["https://elsewhere.example/all", "SELF"] {
        let answer = move |headers: HeaderMap| async move {
            let host = headers["host"].to_str().unwrap().to_owned();
            let next = if next == "SELF" { format!("http://{host}/all?page=2") } else { next.to_owned() };
            axum::Json(json!({"items": [{"id": 1}], "next": next}))
        };
        let url = serve(Router::new().route("/all", axum::routing::get(answer))).await;
        let next = Some(NextPage::Url { path: "next".into() });
        let api = HttpApi { url: format!("{url}/all"), items: "items".into(), next, since: None };
        let schema = Schema::built_in("tweets").unwrap();
        let mut source = HttpApiSource::new(
            HttpClient::new(&TrustedRoots::default()).unwrap(),
            api,
            Some("secret"),
            schema,
            &Resume::default(),
        )
        .unwrap();
        let mut payload = Vec::new();
        let error = loop {
            match source.next(&mut payload).await {
                Ok(Next::Record { .. }) => {}
                Ok(other) => panic!("{other:?}"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, SourceError::Answer { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_csv_file_is_read_from_any_place_with_and_without_ranges() {
    const FILE: &str =
        "first,last,age,gender\rAda,Lovelace,36,female\rAlan,Turing,41,male\rZoe,Ost,7,other\r";
    for ranges in [true, false] {
        let answer = move |headers: HeaderMap| async move {
            let from = headers.get("range").filter(|_| ranges).map(|range| {
                range
                    .to_str()
                    .unwrap()
                    .trim_start_matches("bytes=")
                    .trim_end_matches('-')
                    .parse::<usize>()
                    .unwrap()
            });
            match from {
                Some(from) => {
                    (StatusCode::PARTIAL_CONTENT, [("etag", "\"v1\"")], &FILE[from..]).into_response()
                }
                None => ([("etag", "\"v1\"")], FILE).into_response(),
            }
        };
        let url = serve(Router::new().route("/people.csv", axum::routing::get(answer))).await + "/people.csv";
        let mut all = Vec::new();
        for from in [0, 45, 64, FILE.len() as u64] {
            let bytes =
                HttpBytes::open(HttpClient::new(&TrustedRoots::default()).unwrap(), &url).await.unwrap();
            assert_eq!(bytes.version(), Some("\"v1\""));
            let schema = Schema::built_in("users").unwrap();
            let mut source = CsvSource::new(MaybeGzip::new(bytes), schema, url.clone(), 0, from);
            let (mut payload, mut count) = (Vec::new(), 0);
            while let Next::Record { .. } = source.next(&mut payload).await.unwrap() {
                count += 1;
            }
            all.push(count);
        }
        assert_eq!(all, [3, 2, 1, 0], "ranges: {ranges}");
    }
}
