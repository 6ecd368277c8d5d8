//! Secrets, against a server on loopback that answers as the Parameters and Secrets extension documents it.
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html>
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]
#![cfg(feature = "http")]

use axum::Router;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use edge::aws::{SecretError, SecretName, Secrets};
use edge::settings::Settings;
use reqwest::Url;
use serde_json::json;
use std::collections::HashMap;

const SESSION_TOKEN: &str = "made-up-session";

fn is_refused(headers: &HeaderMap) -> bool {
    headers.get("x-aws-parameters-secrets-token").is_none_or(|token| token != SESSION_TOKEN)
}

fn parameters(query: Option<String>) -> HashMap<String, String> {
    let url = Url::parse(&format!("http://localhost/?{}", query.unwrap())).unwrap();
    url.query_pairs().into_owned().collect()
}

async fn secret(headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    if is_refused(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let query = parameters(query);
    let text = match query["secretId"].as_str() {
        "x/bearer" => json!({ "SecretString": "made-up-bearer" }),
        "x/keys" => json!({ "SecretString": r#"{"bearer":"made-up-bearer","number":7}"# }),
        "x/binary" => json!({ "SecretBinary": "AAEC" }),
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    axum::Json(text).into_response()
}

async fn parameter(headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let query = parameters(query);
    let is_known = query["name"] == "/x/bearer & more" && query["withDecryption"] == "true";
    if is_refused(&headers) || !is_known {
        return StatusCode::BAD_REQUEST.into_response();
    }
    axum::Json(json!({ "Parameter": { "Value": "made-up-bearer" } })).into_response()
}

async fn extension(session_token: &str) -> Secrets {
    let router = Router::new()
        .route("/secretsmanager/get", get(secret))
        .route("/systemsmanager/parameters/get", get(parameter));
    // The client asks for `localhost`, as the extension's documents do.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    read(&port, session_token)
}

fn read(port: &str, session_token: &str) -> Secrets {
    let variables = [("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port), ("AWS_SESSION_TOKEN", session_token)];
    Secrets::read(&mut Settings::from_map(variables))
}

fn of_manager(id: &str) -> SecretName {
    SecretName::SecretsManager(id.to_owned())
}

#[tokio::test]
async fn a_secret_or_one_field_of_it_is_found_in_either_store() {
    let secrets = extension(SESSION_TOKEN).await;
    let found = [
        secrets.get(&of_manager("x/bearer"), None).await.unwrap(),
        secrets.get(&of_manager("x/keys"), Some("bearer")).await.unwrap(),
        secrets.get(&SecretName::Ssm("/x/bearer & more".to_owned()), None).await.unwrap(),
    ];
    assert_eq!(found, ["made-up-bearer"; 3]);
}

#[tokio::test]
async fn what_is_no_secret_says_why_and_shows_none() {
    let secrets = extension(SESSION_TOKEN).await;
    let error = secrets.get(&of_manager("x/keys"), Some("absent")).await.unwrap_err();
    assert!(matches!(&error, SecretError::NoField { field } if field == "absent"), "{error:?}");
    assert!(!format!("{error:?}").contains("made-up-bearer"));
    let error = secrets.get(&of_manager("x/keys"), Some("number")).await.unwrap_err();
    assert!(matches!(error, SecretError::NoField { .. }), "{error:?}");
    let error = secrets.get(&of_manager("x/binary"), None).await.unwrap_err();
    assert!(matches!(error, SecretError::NotText), "{error:?}");
    let error = secrets.get(&of_manager("x/unknown"), None).await.unwrap_err();
    assert!(matches!(error, SecretError::Status { status: 400 }), "{error:?}");
}

#[tokio::test]
async fn a_refused_session_and_an_absent_extension_are_errors_of_their_own() {
    let error = extension("another").await.get(&of_manager("x/bearer"), None).await.unwrap_err();
    assert!(matches!(error, SecretError::Status { status: 401 }), "{error:?}");
    // Nothing of ours listens on port 1.
    let error = read("1", SESSION_TOKEN).get(&of_manager("x/bearer"), None).await.unwrap_err();
    assert!(matches!(error, SecretError::NoAnswer(_)), "{error:?}");
}
