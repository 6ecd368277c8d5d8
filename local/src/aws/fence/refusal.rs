//! The answer of a service that does not run here, in the form of its protocol.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use uuid::Uuid;

const CODE: &str = "NotImplemented";

/// The protocols of AWS's services, which differ in the form of their errors.
/// <https://smithy.io/2.0/aws/protocols/index.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// JSON, whether the path or a header names the operation.
    Json,
    /// A form as the request, and XML as the answer.
    Query,
    /// Like [`Protocol::Query`], with another form of errors.
    Ec2,
    /// XML in and out.
    RestXml,
    /// CBOR in and out.
    Cbor,
}

/// Answers with status 501, which SDKs don't retry, and an error that says why.
pub(super) fn of(service: &str, headers: &HeaderMap) -> Response<Body> {
    let message = format!("{service} does not run on this machine, and nothing is sent beyond it");
    let id = Uuid::new_v4().to_string();
    let protocol = protocol(service, headers);
    let body = body(protocol, &message, &id);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    let answered = response.headers_mut();
    answered.insert("x-amzn-errortype", HeaderValue::from_static(CODE));
    answered.insert("content-type", content_type(protocol, headers));
    if protocol == Protocol::Cbor {
        answered.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        answered.insert("x-amzn-requestid", id);
    }
    response
}

fn protocol(service: &str, headers: &HeaderMap) -> Protocol {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = text("content-type").starts_with("application/x-www-form-urlencoded");
    match service {
        _ if text("smithy-protocol") == "rpc-v2-cbor" => Protocol::Cbor,
        "ec2" if is_form => Protocol::Ec2,
        _ if is_form => Protocol::Query,
        "cloudfront" | "route53" | "s3-control" => Protocol::RestXml,
        _ => Protocol::Json,
    }
}

fn content_type(protocol: Protocol, asked: &HeaderMap) -> HeaderValue {
    let json =
        || asked.get("content-type").filter(|value| value.as_bytes().starts_with(b"application/x-amz-json"));
    match protocol {
        Protocol::Json => json().cloned().unwrap_or_else(|| HeaderValue::from_static("application/json")),
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => HeaderValue::from_static("text/xml"),
        Protocol::Cbor => HeaderValue::from_static("application/cbor"),
    }
}

/// The message contains only the service's name, in which XML has nothing to escape.
fn body(protocol: Protocol, message: &str, id: &str) -> Vec<u8> {
    let error = format!("<Code>{CODE}</Code><Message>{message}</Message>");
    match protocol {
        Protocol::Json => json!({"__type": CODE, "message": message}).to_string().into_bytes(),
        Protocol::Query | Protocol::RestXml => format!(
            "<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{id}</RequestId></ErrorResponse>"
        )
        .into_bytes(),
        Protocol::Ec2 => {
            format!("<Response><Errors><Error>{error}</Error></Errors><RequestID>{id}</RequestID></Response>")
                .into_bytes()
        }
        Protocol::Cbor => cbor([("__type", CODE), ("message", message)]),
    }
}

/// A map of two texts.
fn cbor(members: [(&str, &str); 2]) -> Vec<u8> {
    let mut bytes = vec![0xa2];
    for text in members.into_iter().flat_map(|(name, value)| [name, value]) {
        // This is a text of up to 65,535 bytes: its kind, and that two bytes of length follow.
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        bytes.push(0x79);
        bytes.extend(length.to_be_bytes());
        bytes.extend(text.bytes().take(usize::from(length)));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    async fn refused(service: &str, name: &'static str, value: &'static str) -> (Response<()>, String) {
        let headers =
            HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_static(value))]);
        let (parts, body) = of(service, &headers).into_parts();
        assert_eq!(parts.status, StatusCode::NOT_IMPLEMENTED);
        let body = to_bytes(body, 10_000).await.unwrap();
        (Response::from_parts(parts, ()), String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn each_protocol_has_the_error_in_its_own_form() {
        let (response, body) = refused("dynamodb", "content-type", "application/x-amz-json-1.0").await;
        assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.0");
        assert_eq!(response.headers()["x-amzn-errortype"], CODE);
        assert!(body.starts_with(r#"{"__type":"NotImplemented","message":"dynamodb does not run"#), "{body}");

        let (_, body) =
            refused("sns", "content-type", "application/x-www-form-urlencoded; charset=utf-8").await;
        assert!(body.starts_with("<ErrorResponse><Error><Type>Sender</Type><Code>NotImplemented"), "{body}");

        let (_, body) = refused("ec2", "content-type", "application/x-www-form-urlencoded").await;
        assert!(body.starts_with("<Response><Errors><Error><Code>NotImplemented"), "{body}");

        let (response, _) = refused("lambda", "accept", "*/*").await;
        assert_eq!(response.headers()["content-type"], "application/json");

        let (response, body) = refused("monitoring", "smithy-protocol", "rpc-v2-cbor").await;
        assert_eq!(response.headers()["smithy-protocol"], "rpc-v2-cbor");
        assert!(body.contains("__type") && body.contains("monitoring does not run"), "{body}");
    }
}
