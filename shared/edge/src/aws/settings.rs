//! What every AWS client here needs to know: region, credentials, endpoints and trusted roots.

use std::fmt;

use crate::settings::Settings;

/// The AWS settings of one process, named as the SDKs name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsSettings {
    /// `AWS_REGION`, or else `AWS_DEFAULT_REGION`, or else `us-east-1`.
    pub region: String,
    /// Static keys. Without them each client looks for the machine's own.
    pub credentials: Option<AwsCredentials>,
    /// The provider of keys that are not static. It is asked again when they expire. Static keys take
    /// precedence.
    #[cfg(feature = "sdk")]
    pub credentials_of: CredentialsOf,
    /// `AWS_ENDPOINT_URL_S3`, or else `AWS_ENDPOINT_URL`.
    pub s3_endpoint_url: Option<String>,
    /// `AWS_ENDPOINT_URL_KINESIS`, or else `AWS_ENDPOINT_URL`.
    pub kinesis_endpoint_url: Option<String>,
    /// `AWS_ENDPOINT_URL_COMPREHEND`, or else `AWS_ENDPOINT_URL`.
    pub comprehend_endpoint_url: Option<String>,
    /// `SSL_CERT_FILE`: the certificates that are trusted.
    #[cfg(feature = "https")]
    pub trusted_roots: super::TrustedRoots,
}

/// An access key. Its `Debug` form shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct AwsCredentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`, which a role's keys have.
    pub session_token: Option<String>,
}

/// A provider of keys, if there is one. Two values are equal if both or neither have one.
#[cfg(feature = "sdk")]
#[derive(Clone, Default)]
pub struct CredentialsOf(pub(super) Option<aws_credential_types::provider::SharedCredentialsProvider>);

#[cfg(feature = "sdk")]
impl PartialEq for CredentialsOf {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_some() == other.0.is_some()
    }
}

#[cfg(feature = "sdk")]
impl Eq for CredentialsOf {}

#[cfg(feature = "sdk")]
impl fmt::Debug for CredentialsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "a provider" } else { "none" })
    }
}

impl AwsSettings {
    /// The URL of a service without a slash at its end: `endpoint_url`, or else the service's own in the region.
    #[cfg(any(feature = "comprehend", feature = "lambda"))]
    pub(super) fn url_of(&self, service: &str, endpoint_url: Option<&str>) -> String {
        let domain = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let of_region = || format!("https://{service}.{}.{domain}", self.region);
        endpoint_url.map_or_else(of_region, |url| url.trim_end_matches('/').to_owned())
    }

    /// Reads what is set. Nothing here is required, since each client has a default.
    pub fn read(settings: &mut Settings) -> Self {
        #[cfg(feature = "https")]
        let trusted_roots = super::TrustedRoots::read(settings);
        let settings = &*settings;
        let endpoint = |name| settings.optional(name).or_else(|| settings.optional("AWS_ENDPOINT_URL"));
        let region = settings.optional("AWS_REGION").or_else(|| settings.optional("AWS_DEFAULT_REGION"));
        Self {
            region: region.unwrap_or_else(|| "us-east-1".to_owned()),
            credentials: AwsCredentials::read(settings),
            #[cfg(feature = "sdk")]
            credentials_of: CredentialsOf::default(),
            s3_endpoint_url: endpoint("AWS_ENDPOINT_URL_S3"),
            kinesis_endpoint_url: endpoint("AWS_ENDPOINT_URL_KINESIS"),
            comprehend_endpoint_url: endpoint("AWS_ENDPOINT_URL_COMPREHEND"),
            #[cfg(feature = "https")]
            trusted_roots,
        }
    }
}

impl AwsCredentials {
    /// Makes settings for a server on this machine that requires a signature but accepts any key.
    pub fn local() -> Self {
        let any = || "local".to_owned();
        Self { access_key_id: any(), secret_access_key: any(), session_token: None }
    }

    fn read(settings: &Settings) -> Option<Self> {
        Some(Self {
            access_key_id: settings.optional("AWS_ACCESS_KEY_ID")?,
            secret_access_key: settings.optional("AWS_SECRET_ACCESS_KEY")?,
            session_token: settings.optional("AWS_SESSION_TOKEN"),
        })
    }
}

#[cfg(any(feature = "kinesis", feature = "sigv4"))]
impl From<&AwsCredentials> for aws_credential_types::Credentials {
    fn from(keys: &AwsCredentials) -> Self {
        let (id, secret) = (keys.access_key_id.clone(), keys.secret_access_key.clone());
        Self::new(id, secret, keys.session_token.clone(), None, "settings")
    }
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsCredentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_of_a_service_wins_over_the_one_for_all() {
        let mut settings =
            Settings::from_map([("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_S3", "http://s3")]);
        let aws = AwsSettings::read(&mut settings);
        assert_eq!(aws.s3_endpoint_url.as_deref(), Some("http://s3"));
        assert_eq!(aws.kinesis_endpoint_url.as_deref(), Some("http://all"));
    }

    #[test]
    fn secrets_are_not_in_the_debug_form() {
        let mut settings =
            Settings::from_map([("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "hush")]);
        assert!(!format!("{:?}", AwsSettings::read(&mut settings)).contains("hush"));
    }
}
