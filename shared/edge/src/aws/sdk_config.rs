//! The configuration that every client of the AWS SDK shares.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use super::AwsSettings;
use super::sdk_http::SdkHttp;

/// Configures the client of one service at `endpoint_url`, or at the service's own endpoint in the region.
///
/// The SDK's retries are off: they don't know the deadline, and they would send a whole `PutRecords` again
/// where the engine sends only the refused entries. One attempt of a call takes at most `attempt_timeout`.
pub(super) fn sdk_config(
    aws: &AwsSettings,
    endpoint_url: Option<&str>,
    attempt_timeout: Duration,
) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(attempt_timeout).build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(SdkHttp::new(endpoint_url, &aws.trusted_roots))
        .region(Region::new(aws.region.clone()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(keys) = &aws.credentials {
        config = config.credentials_provider(SharedCredentialsProvider::new(Credentials::from(keys)));
    } else if let Some(provider) = &aws.credentials_of.0 {
        config = config.credentials_provider(provider.clone());
    }
    config.set_endpoint_url(endpoint_url.map(str::to_owned));
    config.build()
}
