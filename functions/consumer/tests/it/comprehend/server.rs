//! A server on loopback that speaks Comprehend's JSON 1.1 protocol and holds callers to its limits.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use edge::aws::{AwsCredentials, AwsSettings};
use serde_json::{Value, json};

/// A call as it came.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) language: String,
    pub(crate) texts: Vec<String>,
}

/// What the server does with its `n`-th call, counted from 0: an HTTP status and the error's code, or an answer.
pub(crate) type Faults = dyn Fn(usize, &Call) -> Option<(u16, &'static str)> + Send + Sync;

pub(crate) struct Server {
    pub(crate) aws: AwsSettings,
    calls: Arc<Calls>,
}

struct Calls {
    seen: Mutex<Vec<Call>>,
    faults: Mutex<Box<Faults>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let calls = Arc::new(Calls { seen: Mutex::default(), faults: Mutex::new(Box::new(|_, _| None)) });
        let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&calls));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let keys = AwsCredentials {
            access_key_id: "id".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        };
        let aws = AwsSettings {
            region: "eu-west-1".to_owned(),
            credentials: Some(keys),
            comprehend_endpoint_url: Some(url),
            ..AwsSettings::default()
        };
        Self { aws, calls }
    }

    pub(crate) fn set_faults(
        &self,
        faults: impl Fn(usize, &Call) -> Option<(u16, &'static str)> + Send + Sync + 'static,
    ) {
        *self.calls.faults.lock().unwrap() = Box::new(faults);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.seen.lock().unwrap().clone()
    }

    /// Every text that was sent for its sentiment, in the order of the calls.
    pub(crate) fn sentiment_texts(&self) -> Vec<String> {
        let calls = self.calls().into_iter().filter(|call| call.operation == "BatchDetectSentiment");
        calls.flat_map(|call| call.texts).collect()
    }
}

async fn answer(State(calls): State<Arc<Calls>>, headers: HeaderMap, body: String) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.strip_prefix("Comprehend_20171127.").unwrap().to_owned();
    assert!(headers["authorization"].to_str().unwrap().contains("/eu-west-1/comprehend/aws4_request"));
    let body: Value = serde_json::from_str(&body).unwrap();
    let texts = body["TextList"].as_array().unwrap().iter();
    let texts = texts.map(|text| text.as_str().unwrap().to_owned()).collect();
    let call = Call { operation, language: body["LanguageCode"].as_str().unwrap().to_owned(), texts };
    let number = {
        let mut seen = calls.seen.lock().unwrap();
        seen.push(call.clone());
        seen.len() - 1
    };
    let fault = calls.faults.lock().unwrap()(number, &call);
    if let Some((status, code)) = fault.or_else(|| refused(&call)) {
        return document(status, &json!({ "__type": code, "message": "a message" }));
    }
    document(200, &results(&call))
}

/// The limits of the API reference.
fn refused(call: &Call) -> Option<(u16, &'static str)> {
    if call.texts.len() > 25 {
        return Some((400, "BatchSizeLimitExceededException"));
    }
    if call.texts.iter().any(|text| text.len() > 5_000) {
        return Some((400, "TextSizeLimitExceededException"));
    }
    call.texts.iter().any(|text| text.trim().is_empty()).then_some((400, "InvalidRequestException"))
}

/// A text that says `fails` has an error of its own.
fn results(call: &Call) -> Value {
    let (failed, found): (Vec<_>, Vec<_>) =
        call.texts.iter().enumerate().partition(|(_, text)| text.contains("fails"));
    let errors = failed.iter().map(|(index, _)| {
        json!({ "Index": index, "ErrorCode": "INTERNAL_SERVER_ERROR", "ErrorMessage": "a message" })
    });
    let results = found.iter().map(|(index, text)| match call.operation.as_str() {
        "BatchDetectSentiment" => sentiment(*index, text),
        "BatchDetectKeyPhrases" => json!({ "Index": index, "KeyPhrases": [
            { "Text": "the river", "Score": 0.9, "BeginOffset": 0, "EndOffset": 9 },
            { "Text": text.split(' ').next(), "Score": 0.99, "BeginOffset": 0, "EndOffset": 1 },
        ] }),
        other => panic!("{other} is not spoken here"),
    });
    json!({ "ResultList": results.collect::<Vec<_>>(), "ErrorList": errors.collect::<Vec<_>>() })
}

fn sentiment(index: usize, text: &str) -> Value {
    let mood = ["POSITIVE", "NEGATIVE", "MIXED"].into_iter().find(|mood| text.contains(&mood.to_lowercase()));
    json!({
        "Index": index,
        "Sentiment": mood.unwrap_or("NEUTRAL"),
        "SentimentScore": { "Positive": 0.5, "Negative": 0.125, "Neutral": 0.25, "Mixed": 0.125 },
    })
}

fn document(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], body.to_string()).into_response()
}
