//! Files on web servers.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use edge::aws::TrustedRoots;
use edge::sources::{CsvSource, HttpBytes, HttpClient, MaybeGzip, Next, Source, SourceError};
use record_model::Schema;

use super::serve;

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
