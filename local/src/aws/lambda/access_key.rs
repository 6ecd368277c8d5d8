//! The access key of an environment, by which an endpoint knows who calls.

use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The beginning of every environment's key. Any key is accepted, so it need not be secret.
const PREFIX: &str = "LOCAL";

/// Who made a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessKey {
    /// The function's name.
    pub(crate) function: String,
    /// The number of its environment, from 1.
    pub(crate) environment: u64,
}

impl fmt::Display for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}-{}-{}", self.environment, self.function)
    }
}

impl AccessKey {
    /// The environment whose key signed a request, if there is one.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let signed = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (_, credential) = signed.split_once("Credential=")?;
        Self::parse(credential.split('/').next()?)
    }

    fn parse(key: &str) -> Option<Self> {
        let (environment, function) = key.strip_prefix(PREFIX)?.strip_prefix('-')?.split_once('-')?;
        Some(Self { function: function.to_owned(), environment: environment.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, authorization.parse().unwrap())])
    }

    #[test]
    fn a_request_tells_the_environment_that_signed_it() {
        let key = AccessKey { function: "my-app_Function-2".to_owned(), environment: 12 };
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
        );
        assert_eq!(AccessKey::of(&signed(&authorization)), Some(key));
    }

    #[test]
    fn other_keys_are_nobodys() {
        for authorization in
            ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/x", "Credential=LOCAL-x-F/"]
        {
            assert_eq!(AccessKey::of(&signed(authorization)), None, "{authorization}");
        }
        assert_eq!(AccessKey::of(&HeaderMap::new()), None);
    }
}
