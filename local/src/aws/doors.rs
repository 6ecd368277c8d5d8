//! Decides whom an endpoint answers: programs on this machine, and web pages only if they are allowed.
//!
//! A browser sends a page's requests to 127.0.0.1 as well. A page of another site is recognised by its
//! `Origin`, and one that made its own name lead here (DNS rebinding) by the `Host` that it asks for. A link
//! or an image in a page has no `Origin`, but `Sec-Fetch-Site` shows that it comes from another site.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

const FETCH_SITE: &str = "sec-fetch-site";
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
/// The ending of a bucket's own host name.
const BUCKET_HOST: &str = ".localhost";

/// The requests that an endpoint answers. Every other request gets 403, and no answer allows a page to read
/// it.
#[derive(Debug, Clone)]
pub(crate) struct Doors {
    allowed_origins: Arc<[String]>,
    takes_bucket_hosts: bool,
    takes_its_own_page: bool,
}

impl Doors {
    /// Accepts requests to `127.0.0.1`, `localhost` and `[::1]`, and from these origins.
    pub(crate) fn loopback(allowed_origins: Vec<String>) -> Self {
        Self { allowed_origins: allowed_origins.into(), takes_bucket_hosts: false, takes_its_own_page: false }
    }

    /// Accepts requests to `<bucket>.localhost` too.
    pub(crate) fn buckets(allowed_origins: Vec<String>) -> Self {
        Self { takes_bucket_hosts: true, ..Self::loopback(allowed_origins) }
    }

    /// Those of the endpoint's own page, and of no other.
    pub(crate) fn own_page() -> Self {
        Self { takes_its_own_page: true, ..Self::loopback(Vec::new()) }
    }

    /// Whether a request comes from the page of this endpoint: its `Origin` is the `Host` that it asks for.
    fn is_its_own_page(&self, origin: &HeaderValue, host: &str) -> bool {
        let named = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        self.takes_its_own_page && named.is_some_and(|named| named.eq_ignore_ascii_case(host))
    }

    /// Whether a host is this machine. Its port may be another's, which a tunnel or a proxy of this machine leads here
    /// from; a page that made its own name lead here still has its own name.
    fn takes_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let name = match host.rsplit_once(':') {
            Some((name, port)) if is_port(port) => name,
            _ => &host,
        };
        let is_bucket = |name: &str| name.strip_suffix(BUCKET_HOST).is_some_and(|bucket| !bucket.is_empty());
        NAMES.contains(&name) || (self.takes_bucket_hosts && is_bucket(name))
    }

    fn takes_origin(&self, origin: &HeaderValue) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }
}

/// Answers the requests that are accepted.
pub(crate) async fn guard(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    let in_uri = request.uri().authority().map(http::uri::Authority::as_str);
    let host = in_uri.or_else(|| request.headers().get(HOST)?.to_str().ok()).unwrap_or_default().to_owned();
    if !doors.takes_host(&host) {
        return refuse("this endpoint answers to 127.0.0.1 and localhost, and to no other Host\n");
    }
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        if is_of_another_site(request.headers()) {
            return refuse("this endpoint answers no link, image or form of another site's page\n");
        }
        return next.run(request).await;
    };
    if doors.is_its_own_page(&origin, &host) {
        return next.run(request).await;
    }
    if !doors.takes_origin(&origin) {
        return refuse(
            "this endpoint answers no web page whose Origin was not allowed with --allow-origin\n",
        );
    }
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight { preflight(request.headers()) } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    headers.append(VARY, HeaderValue::from_static("origin"));
    response
}

/// The header says `none` for an address that a person typed, and `same-origin` for a page of this endpoint.
/// A program sends none.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site" || site == "same-site")
}

fn refuse(reason: &'static str) -> Response {
    (StatusCode::FORBIDDEN, reason).into_response()
}

/// An allowed page may send what it asks to send.
fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (asks, allows) in [
        (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
        (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
    ] {
        if let Some(value) = asked.get(asks) {
            response.headers_mut().insert(allows, value.clone());
        }
    }
    response.headers_mut().insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_endpoints_own_where_its_origin_is_the_host_that_it_asks_for() {
        let [page, other] = [Doors::own_page(), Doors::loopback(Vec::new())];
        let own = HeaderValue::from_static("http://localhost:4569");
        assert!(page.is_its_own_page(&own, "localhost:4569") && page.is_its_own_page(&own, "LocalHost:4569"));
        assert!(!other.is_its_own_page(&own, "localhost:4569"));
        for foreign in [
            "http://localhost:5173",
            "http://127.0.0.1:4569",
            "https://localhost:4569",
            "http://localhost:4569.evil.example",
            "http://evil.example",
            "null",
            "",
        ] {
            assert!(!page.is_its_own_page(&HeaderValue::from_static(foreign), "localhost:4569"), "{foreign}");
        }
    }

    #[test]
    fn a_host_is_this_machine_by_its_name() {
        let [kinesis, s3] = [Doors::loopback(Vec::new()), Doors::buckets(Vec::new())];
        for host in ["127.0.0.1:4567", "localhost:4567", "LocalHost:4567", "[::1]:4567", "localhost", "[::1]"]
        {
            assert!(kinesis.takes_host(host) && s3.takes_host(host), "{host}");
        }
        for host in [
            "",
            ":4567",
            "evil.example:4567",
            "evil.example",
            "127.0.0.1.evil.example:4567",
            "localhost.evil.example:4567",
            "evil.example:127.0.0.1",
            ".localhost:4567",
            "0.0.0.0:4567",
            "127.0.0.1:x",
        ] {
            assert!(!kinesis.takes_host(host) && !s3.takes_host(host), "{host}");
        }
        assert!(s3.takes_host("my.bucket.localhost:4567"));
        assert!(!kinesis.takes_host("my.bucket.localhost:4567"));
    }
}
