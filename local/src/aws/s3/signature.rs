//! Takes signatures off: any key is accepted, and `s3s` sees a plain body.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::aws_chunked::{self, Trailers};

const PAYLOAD_HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");

/// The parameters of a presigned URL, of signature version 4 and of version 2, which boto3 still uses.
const SIGNATURE_PARAMETERS: [&str; 10] = [
    "AWSAccessKeyId=",
    "Expires=",
    "Signature=",
    "X-Amz-Algorithm=",
    "X-Amz-Credential=",
    "X-Amz-Date=",
    "X-Amz-Expires=",
    "X-Amz-Security-Token=",
    "X-Amz-Signature=",
    "X-Amz-SignedHeaders=",
];

/// Passes a request on without its signature, and its body without the coding that contains the signature's
/// parts.
pub(super) async fn take_off(mut request: Request, next: Next) -> Response {
    request.headers_mut().remove(AUTHORIZATION);
    if let Some(uri) = unsigned(request.uri()) {
        *request.uri_mut() = uri;
    }
    let payload = request.headers_mut().remove(PAYLOAD_HASH);
    if payload.is_some_and(|hash| hash.as_bytes().starts_with(b"STREAMING-")) {
        request = decoded(request);
    }
    next.run(request).await
}

fn unsigned(uri: &Uri) -> Option<Uri> {
    let query = uri.query()?;
    let is_signature = |part: &&str| SIGNATURE_PARAMETERS.iter().any(|name| part.starts_with(name));
    if !query.split('&').any(|part| is_signature(&part)) {
        return None;
    }
    let kept: Vec<_> = query.split('&').filter(|part| !is_signature(part)).collect();
    format!("{}?{}", uri.path(), kept.join("&")).parse().ok()
}

fn decoded(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let length = parts.headers.remove(DECODED_LENGTH);
    let declared = length.as_ref().and_then(|length| length.to_str().ok()?.parse().ok());
    parts.headers.remove(CONTENT_LENGTH);
    if let Some(length) = length {
        parts.headers.insert(CONTENT_LENGTH, length);
    }
    drop_chunked_encoding(&mut parts.headers);
    let trailers = Trailers::default();
    parts.extensions.insert(trailers.clone());
    let body = aws_chunked::decode(body.into_data_stream(), declared, trailers);
    Request::from_parts(parts, Body::from_stream(body))
}

/// `aws-chunked,gzip` means `gzip` for the object.
fn drop_chunked_encoding(headers: &mut HeaderMap) {
    let Some(encoding) = headers.remove(CONTENT_ENCODING) else { return };
    let codings = encoding.to_str().unwrap_or_default().split(',').map(str::trim);
    let kept: Vec<_> = codings.filter(|coding| !coding.is_empty() && *coding != "aws-chunked").collect();
    if let (false, Ok(kept)) = (kept.is_empty(), HeaderValue::try_from(kept.join(","))) {
        headers.insert(CONTENT_ENCODING, kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presigned_url_keeps_only_what_it_asks_for() {
        let uri = "/b/k?partNumber=2&X-Amz-Signature=00&X-Amz-Expires=9&uploadId=x".parse().unwrap();
        assert_eq!(unsigned(&uri).unwrap(), "/b/k?partNumber=2&uploadId=x");
        assert_eq!(unsigned(&"/b?list-type=2".parse().unwrap()), None);
    }

    #[test]
    fn the_coding_of_the_upload_is_no_coding_of_the_object() {
        for (sent, kept) in
            [("aws-chunked", None), ("aws-chunked, gzip", Some("gzip")), ("gzip", Some("gzip"))]
        {
            let mut headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(sent))]);
            drop_chunked_encoding(&mut headers);
            assert_eq!(headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap()), kept);
        }
    }
}
