//! Signs requests to services of AWS that have no client here, by Signature Version 4.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};

use super::AwsSettings;
use crate::BoxError;

/// Signs the request, whose body is in memory, for this service with the keys of the settings.
pub(crate) async fn signed(request: &mut Request, aws: &AwsSettings, service: &str) -> Result<(), BoxError> {
    let keys = keys(aws).await?;
    write_signature(request, keys, (&aws.region, service), SystemTime::now())
}

async fn keys(aws: &AwsSettings) -> Result<Credentials, BoxError> {
    if let Some(keys) = &aws.credentials {
        return Ok(keys.into());
    }
    let provider = aws.credentials_of.0.as_ref().ok_or("there are no AWS credentials")?;
    Ok(provider.provide_credentials().await?)
}

fn write_signature(
    request: &mut Request,
    keys: Credentials,
    (region, service): (&str, &str),
    now: SystemTime,
) -> Result<(), BoxError> {
    let identity: Identity = keys.into();
    let mut settings = SigningSettings::default();
    // Serverless OpenSearch asks for it, and a domain takes it.
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let headers: Vec<(&str, &str)> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let (method, url) = (request.method().as_str(), request.url().as_str());
    let signable = SignableRequest::new(method, url, headers.into_iter(), SignableBody::Bytes(body))?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    let (headers, _) = instructions.into_parts();
    for header in headers {
        let mut value = HeaderValue::from_str(header.value())?;
        value.set_sensitive(true);
        request.headers_mut().insert(HeaderName::from_bytes(header.name().as_bytes())?, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A signature that botocore 1.43 makes of the same request, keys and time.
    #[test]
    fn a_request_is_signed_as_the_aws_cli_signs_it() {
        let mut request = Request::new(
            reqwest::Method::PUT,
            "https://search-crimes.eu-west-1.es.amazonaws.com/_index_template/crime".parse().unwrap(),
        );
        *request.body_mut() = Some(r#"{"index_patterns":["crime"]}"#.into());
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        let keys =
            Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None, None, "test");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        write_signature(&mut request, keys, ("eu-west-1", "es"), now).unwrap();
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-amz-date"), "20231114T221320Z");
        assert_eq!(header("authorization"), EXPECTED);
    }

    const EXPECTED: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/eu-west-1/es/aws4_request, \
        SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, \
        Signature=577e8d6332ef3af080dd26db6a15b7d424746343aa7edf037059d5c5eb447c68";
}
