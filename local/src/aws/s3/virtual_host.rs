//! Addressing by host: `bucket.localhost/key` means `localhost/bucket/key`.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::Uri;
use http::header::HOST;

/// The ending of a bucket's host name. Resolvers resolve it to loopback (RFC 6761, 6.3).
const DOMAIN: &str = ".localhost";

/// Passes a request on with its bucket in the path.
pub(super) async fn into_the_path(mut request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if let Some(uri) = host.and_then(|host| with_bucket(host, request.uri())) {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

fn with_bucket(host: &str, uri: &Uri) -> Option<Uri> {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let bucket = host.strip_suffix(DOMAIN).filter(|bucket| !bucket.is_empty())?;
    let path = if uri.path() == "/" { "" } else { uri.path() };
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("/{bucket}{path}{query}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(host: &str, uri: &str) -> Option<String> {
        with_bucket(host, &uri.parse().unwrap()).map(|uri| uri.to_string())
    }

    #[test]
    fn a_bucket_in_the_host_moves_to_the_path() {
        assert_eq!(
            moved("b.localhost:4568", "/k/x%20y?partNumber=2").as_deref(),
            Some("/b/k/x%20y?partNumber=2")
        );
        assert_eq!(moved("my.bucket.localhost", "/?list-type=2").as_deref(), Some("/my.bucket?list-type=2"));
        for host in ["localhost:4568", "127.0.0.1:4568", ".localhost", "b.example"] {
            assert_eq!(moved(host, "/b/k"), None, "{host}");
        }
    }
}
