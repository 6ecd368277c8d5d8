//! Posts of the X API v2.

use edge::aws::TrustedRoots;
use edge::sources::{HttpApi, HttpApiSource, HttpClient, Next, Resume, Source, SourceError};
use record_model::Schema;
use serde_json::Value;

use super::recent_search::{RecentSearch, ids, read, source};

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
    api.set_posts(&posts);
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
