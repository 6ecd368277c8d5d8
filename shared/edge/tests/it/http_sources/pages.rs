//! APIs that answer in pages of other kinds than the posts.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use edge::aws::TrustedRoots;
use edge::sources::{HttpApi, HttpApiSource, HttpClient, Next, NextPage, Resume, Source, SourceError};
use record_model::Schema;
use serde_json::json;

use super::serve;

use super::recent_search::read;

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
