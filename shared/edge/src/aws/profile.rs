//! Finds region and keys as the AWS CLI does: in the environment, the profile files, single sign-on, or a
//! role of the machine.
//!
//! Only the command uses this, since a function has its keys in its environment.

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

/// The profile of `~/.aws/config` that is used, if one is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name from the command line. As in the AWS CLI, it takes precedence over keys in the environment.
    pub told: Option<String>,
    /// The name in `AWS_PROFILE`. Keys in the environment take precedence over it.
    pub of_environment: Option<String>,
}

/// Why there is no region or there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Neither the environment nor the profile names a region.
    #[error("no region is set: give --region, or set AWS_REGION or the profile's region")]
    NoRegion,
    /// Nothing provides keys.
    #[error(
        "no AWS credentials{}: {reason}; give --profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in (aws sso login)",
        profile.as_ref().map(|name| format!(" of profile {name:?}")).unwrap_or_default()
    )]
    NoCredentials {
        /// The profile that was searched.
        profile: Option<String>,
        /// What the chain of providers answered.
        reason: String,
    },
}

impl Profile {
    /// Adds what `aws` lacks. `has_region` says whether the user set its region or it is only a default. Keys
    /// are looked for once here, so that missing keys are reported before the first call.
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
        // Only the profile is asked, since the chain would prefer the environment's keys.
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
