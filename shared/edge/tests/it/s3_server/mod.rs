//! A small S3 on loopback that keeps objects in memory and misbehaves as told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use edge::aws::{AwsCredentials, AwsSettings};

/// What to do with the next request.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// Answer this status and do nothing.
    Answer(u16),
    /// Do what is asked, then answer this status all the same.
    DoAndAnswer(u16),
}

type Objects = BTreeMap<String, (Bytes, HeaderMap)>;

#[derive(Default)]
struct Inner {
    objects: Objects,
    script: VecDeque<Step>,
    requests: usize,
    targets: Vec<String>,
}

/// One server with one bucket.
#[derive(Clone, Default)]
pub(crate) struct S3Server(Arc<Mutex<Inner>>);

impl S3Server {
    /// Starts on a free port; answers with the settings that reach it.
    pub(crate) async fn start() -> (Self, AwsSettings) {
        let server = Self::default();
        let router = Router::new().fallback(answer).with_state(server.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let keys = AwsCredentials {
            access_key_id: "test".into(),
            secret_access_key: "test".into(),
            session_token: None,
        };
        let aws =
            AwsSettings { credentials: Some(keys), s3_endpoint_url: Some(url), ..AwsSettings::default() };
        (server, AwsSettings { region: "eu-west-1".into(), ..aws })
    }

    /// The next requests go as told, later ones well.
    pub(crate) fn script(&self, steps: impl IntoIterator<Item = Step>) {
        let mut inner = self.0.lock().unwrap();
        inner.requests = 0;
        inner.script = steps.into_iter().collect();
    }

    /// Requests since the last script.
    pub(crate) fn requests(&self) -> usize {
        self.0.lock().unwrap().requests
    }

    /// Paths asked for, as they were on the wire.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.0.lock().unwrap().targets.clone()
    }
}

async fn answer(State(server): State<S3Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 26).await.unwrap();
    let mut inner = server.0.lock().unwrap();
    inner.requests += 1;
    inner.targets.push(parts.uri.path().to_owned());
    let step = inner.script.pop_front();
    if let Some(Step::Answer(status)) = step {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    let path = percent_decoded(parts.uri.path());
    let key = path.trim_start_matches("/bucket").trim_start_matches('/').to_owned();
    let done = match parts.method {
        Method::PUT => put(&mut inner.objects, key, body, &parts.headers),
        _ if key.is_empty() => list(&inner.objects, parts.uri.query().unwrap_or_default()),
        method => get(&inner.objects, &key, &parts.headers, method == Method::HEAD),
    };
    match step {
        Some(Step::DoAndAnswer(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        _ => done,
    }
}

fn etag(body: &[u8]) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

fn put(objects: &mut Objects, key: String, body: Bytes, headers: &HeaderMap) -> Response {
    let current = objects.get(&key).map(|(body, _)| etag(body));
    if headers.contains_key("if-none-match") && current.is_some() {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    match headers.get("if-match").map(|tag| tag.to_str().unwrap().to_owned()) {
        Some(_) if current.is_none() => return StatusCode::NOT_FOUND.into_response(),
        Some(tag) if current != Some(tag.clone()) => return StatusCode::PRECONDITION_FAILED.into_response(),
        _ => {}
    }
    let kept = |name: &str| name.starts_with("x-amz-meta-") || name.starts_with("content-");
    let attributes = headers.iter().filter(|(name, _)| kept(name.as_str()) && *name != "content-length");
    let attributes = attributes.map(|(name, value)| (name.clone(), value.clone())).collect();
    let tag = etag(&body);
    objects.insert(key, (body, attributes));
    [("etag", tag)].into_response()
}

fn get(objects: &Objects, key: &str, headers: &HeaderMap, head: bool) -> Response {
    let Some((body, attributes)) = objects.get(key) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = etag(body);
    if headers.get("if-match").is_some_and(|wanted| wanted.to_str().unwrap() != tag) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    let range = headers.get("range").map(|range| {
        let (from, to) = range.to_str().unwrap().trim_start_matches("bytes=").split_once('-').unwrap();
        (from.parse::<usize>().unwrap(), to.parse::<usize>().unwrap().min(body.len() - 1))
    });
    let dated = [("etag", tag), ("last-modified", "Fri, 02 Jan 2026 03:04:05 GMT".to_owned())];
    let attributes = attributes.clone();
    match range {
        Some((from, to)) => {
            let content_range = [("content-range", format!("bytes {from}-{to}/{}", body.len()))];
            let part = body.slice(from..=to);
            (StatusCode::PARTIAL_CONTENT, attributes, dated, content_range, part).into_response()
        }
        None if head => {
            let mut response = (attributes, dated).into_response();
            response.headers_mut().insert("content-length", body.len().into());
            response
        }
        None => (attributes, dated, body.clone()).into_response(),
    }
}

fn list(objects: &Objects, query: &str) -> Response {
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(n, _)| *n == name).map(|(_, value)| percent_decoded(value)).next().unwrap_or_default()
    };
    let (prefix, after) = (parameter("prefix"), parameter("start-after"));
    let found = objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after).take(1000);
    let content = |(key, (body, _)): (&String, &(_, _))| {
        let (key, size) = (key.replace('&', "&amp;"), Bytes::len(body));
        format!(
            "<Contents><Key>{key}</Key><Size>{size}</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Contents>"
        )
    };
    let contents = found.map(content).collect::<Vec<_>>().concat();
    format!("<ListBucketResult>{contents}</ListBucketResult>").into_response()
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |b: Option<u8>| u8::try_from(char::from(b.unwrap()).to_digit(16).unwrap()).unwrap();
        match byte {
            b'%' => out.push(hex(bytes.next()) * 16 + hex(bytes.next())),
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).unwrap()
}
