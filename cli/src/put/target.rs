//! Where `kinflow put` puts to: the settings of AWS, with those of the command line over them.

use edge::aws::{AwsCredentials, AwsSettings};
use edge::settings::{Settings, SettingsError};

use super::Arguments;

impl Arguments {
    /// The environment's settings, with those of the command line over them.
    pub(super) fn aws(&self) -> Result<AwsSettings, SettingsError> {
        let mut environment = Settings::from_env();
        let mut aws = AwsSettings::read(&mut environment);
        environment.finish()?;
        if let Some(url) = &self.endpoint_url {
            aws.kinesis_endpoint_url = Some(url.clone());
        }
        if let Some(region) = &self.region {
            aws.region.clone_from(region);
        }
        let is_local =
            |url: &String| url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost");
        if aws.credentials.is_none() && aws.kinesis_endpoint_url.as_ref().is_some_and(is_local) {
            aws.credentials = Some(AwsCredentials::local());
        }
        Ok(aws)
    }
}

/// The endpoint in words, as messages and the bookmark name it.
pub(super) fn endpoint(aws: &AwsSettings) -> String {
    aws.kinesis_endpoint_url.clone().unwrap_or_else(|| format!("AWS in {}", aws.region))
}
