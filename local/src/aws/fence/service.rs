//! Finds out for which service a request is.

use axum::extract::Request;
use http::header::AUTHORIZATION;

/// The longest name of a service that is accepted.
const MAX_NAME_BYTES: usize = 64;

/// The service for which a request is signed, by its header or its URL; without a signature, the one that its
/// target names.
pub(super) fn of(request: &Request) -> Option<String> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let signed = header(AUTHORIZATION.as_str()).and_then(|text| scope(text, "Credential=", "/", [',', ' ']));
    let presigned = || scope(request.uri().query()?, "X-Amz-Credential=", "%2F", ['&', ' ']);
    // The target looks like `AWSCognitoIdentityProviderService.InitiateAuth`.
    let target = || header("x-amz-target")?.split('.').next().map(ToOwned::to_owned);
    signed.or_else(presigned).or_else(target).filter(|name| is_name(name))
}

/// A credential consists of a key, a date, a region (or none), the service and a last word.
fn scope(text: &str, before: &str, between: &str, after: [char; 2]) -> Option<String> {
    let (_, credential) = text.split_once(before)?;
    let credential = credential.split(after).next()?;
    credential.rsplit(between).nth(1).map(str::to_ascii_lowercase)
}

fn is_name(name: &str) -> bool {
    let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(is_of_a_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn service(uri: &str, name: &str, value: &str) -> Option<String> {
        of(&Request::post(uri).header(name, value).body(Body::empty()).unwrap())
    }

    #[test]
    fn a_request_is_for_the_service_it_is_signed_for() {
        let header = "AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
        assert_eq!(service("/", "authorization", header).as_deref(), Some("sqs"));
        let without_region =
            "AWS4-ECDSA-P256-SHA256 Credential=K/20260101/s3/aws4_request,SignedHeaders=host";
        assert_eq!(service("/", "authorization", without_region).as_deref(), Some("s3"));
        let url = "/b/k?X-Amz-Credential=K%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=x";
        assert_eq!(service(url, "host", "h").as_deref(), Some("s3"));
        assert_eq!(service("/", "x-amz-target", "Cognito.InitiateAuth").as_deref(), Some("Cognito"));
    }

    #[test]
    fn a_name_that_is_none_is_not_believed() {
        assert_eq!(service("/", "host", "h"), None);
        assert_eq!(service("/", "authorization", "Bearer x"), None);
        assert_eq!(service("/", "authorization", "Credential=K/d/r/<b>31m/x"), None);
        assert_eq!(service("/", "x-amz-target", &"a".repeat(65)), None);
    }
}
