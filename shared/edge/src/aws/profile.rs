//! Region and keys as the AWS CLI finds them: the environment, the files of profiles, single sign-on, a role of the machine.
//!
//! For the command alone: a function has its keys in its environment.

use aws_config::BehaviorVersion;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::region::Region;

use super::AwsSettings;
use super::sdk_http::SdkHttp;
use super::settings::CredentialsOf;
use crate::logging::chain;

/// Which profile of `~/.aws/config` is used, where one is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name told on the command line, which wins over keys of the environment, as in the AWS CLI.
    pub told: Option<String>,
    /// `AWS_PROFILE`, over which keys of the environment win.
    pub of_environment: Option<String>,
}

/// Why there is no region or there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Neither the environment nor the profile names a region.
    #[error("no region is set: give --region, or set AWS_REGION or the profile's region")]
    NoRegion,
    /// Nothing gives keys.
    #[error(
        "no AWS credentials{}: {reason}; give --profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in (aws sso login)",
        profile.as_ref().map(|name| format!(" of profile {name:?}")).unwrap_or_default()
    )]
    NoCredentials {
        /// The profile that was looked into.
        profile: Option<String>,
        /// What the chain of providers answered.
        reason: String,
    },
}

impl Profile {
    /// Finds what `aws` lacks. `has_region` says whether its region was set by the user or is only a default. Keys are
    /// looked for once here, so that their absence is told before any call.
    pub async fn complete(&self, aws: &mut AwsSettings, has_region: bool) -> Result<(), ProfileError> {
        let name = self.told.clone().or_else(|| self.of_environment.clone());
        if !has_region {
            let mut provider = ProfileFileRegionProvider::builder();
            if let Some(name) = &name {
                provider = provider.profile_name(name);
            }
            let region = provider.build().region().await.ok_or(ProfileError::NoRegion)?;
            region.as_ref().clone_into(&mut aws.region);
        }
        if self.told.is_some() {
            aws.credentials = None;
        }
        if aws.credentials.is_none() {
            aws.credentials_of = provider(aws, self.told.as_deref()).await?;
        }
        Ok(())
    }
}

async fn provider(aws: &AwsSettings, told: Option<&str>) -> Result<CredentialsOf, ProfileError> {
    let http = SdkHttp::new(None, &aws.trusted_roots);
    let region = Region::new(aws.region.clone());
    let provider = if let Some(name) = told {
        // The profile alone: the chain would take the environment's keys before it.
        let config = ProviderConfig::without_region().with_region(Some(region)).with_http_client(http);
        let profile = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build();
        Some(SharedCredentialsProvider::new(profile))
    } else {
        // The chain reads AWS_PROFILE itself.
        let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http).region(region);
        loader.load().await.credentials_provider()
    };
    let absent = |reason: String| ProfileError::NoCredentials { profile: told.map(str::to_owned), reason };
    let provider = provider.ok_or_else(|| absent("nothing provides them".to_owned()))?;
    provider.provide_credentials().await.map_err(|error| absent(chain(&error)))?;
    Ok(CredentialsOf(Some(provider)))
}
