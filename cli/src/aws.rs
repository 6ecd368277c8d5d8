//! Which AWS a command talks to, by options, environment and profiles, as in the AWS CLI.

use std::error::Error;

use clap::Args;
use edge::aws::kinesis_reader::ReaderError;
use edge::aws::{AwsCredentials, AwsSettings, Profile};
use edge::logging::chain;
use edge::settings::Settings;

/// Region, profile and endpoint. An option takes precedence over its variable, and the variable over the
/// profile.
#[derive(Debug, Clone, Args)]
pub(crate) struct AwsArguments {
    /// The URL of another server that speaks Kinesis, such as that of `kinflow run`, `http://127.0.0.1:4567`
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// The AWS region; by default `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's region
    #[arg(long)]
    region: Option<String>,
    /// A profile of ~/.aws/config; by default keys in the environment, `AWS_PROFILE` or the machine's role
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl AwsArguments {
    /// For a service whose address says its region.
    pub(crate) fn of_region(region: &str, profile: Option<String>) -> Self {
        Self { endpoint_url: None, region: Some(region.to_owned()), profile }
    }

    /// The settings of every client. A server on this machine takes any keys, so none are looked for.
    pub(crate) async fn settings(&self) -> Result<AwsSettings, Box<dyn Error>> {
        self.settings_at(|aws| aws.kinesis_endpoint_url.clone()).await
    }

    /// The settings of every client, S3's among them: `--endpoint-url` is where all of them are.
    pub(crate) async fn settings_of_all(&self) -> Result<AwsSettings, Box<dyn Error>> {
        let mut aws = self.settings_at(|aws| aws.s3_endpoint_url.clone()).await?;
        if let Some(url) = &self.endpoint_url {
            aws.s3_endpoint_url = Some(url.clone());
        }
        Ok(aws)
    }

    /// Where functions are invoked, if not at AWS.
    pub(crate) fn lambda_url(&self) -> Option<String> {
        let environment = Settings::from_env();
        let of_environment = || environment.optional("AWS_ENDPOINT_URL_LAMBDA");
        self.endpoint_url.clone().or_else(of_environment).or_else(|| environment.optional("AWS_ENDPOINT_URL"))
    }

    /// The settings for the service whose endpoint decides whether keys are looked for.
    async fn settings_at(
        &self,
        endpoint_of: impl Fn(&AwsSettings) -> Option<String>,
    ) -> Result<AwsSettings, Box<dyn Error>> {
        let mut environment = Settings::from_env();
        let mut aws = AwsSettings::read(&mut environment);
        let is_set = |name| environment.optional(name).is_some();
        let has_region = self.region.is_some() || is_set("AWS_REGION") || is_set("AWS_DEFAULT_REGION");
        let of_environment = environment.optional("AWS_PROFILE");
        environment.finish()?;
        if let Some(url) = &self.endpoint_url {
            aws.kinesis_endpoint_url = Some(url.clone());
        }
        if let Some(region) = &self.region {
            aws.region.clone_from(region);
        }
        let url = self.endpoint_url.clone().or_else(|| endpoint_of(&aws));
        if self.profile.is_none() && url.as_deref().is_some_and(is_local) {
            aws.credentials.get_or_insert_with(AwsCredentials::local);
            return Ok(aws);
        }
        let has_region = has_region || url.is_some();
        let profile = Profile { told: self.profile.clone(), of_environment };
        profile.complete(&mut aws, has_region).await?;
        Ok(aws)
    }
}

fn is_local(url: &str) -> bool {
    url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost")
}

/// The endpoint in words, as messages and bookmarks name it.
pub(crate) fn endpoint(aws: &AwsSettings) -> String {
    aws.kinesis_endpoint_url.clone().unwrap_or_else(|| format!("AWS in {}", aws.region))
}

/// Why a call for a stream failed, in one line, and what to do next.
pub(crate) fn advice(stream: &str, aws: &AwsSettings, error: &ReaderError) -> String {
    let place = format!("stream {stream:?} at {}", endpoint(aws));
    let (operation, code) = match error {
        ReaderError::NotFound { operation } => {
            return format!(
                "{place} does not exist ({operation}); `kinflow streams list` shows the streams there are, \
                 --region and --endpoint-url say where to look"
            );
        }
        ReaderError::Failed { operation, code, .. } => (*operation, code.as_str()),
        ReaderError::Throttled { .. } | ReaderError::ExpiredIterator => {
            return format!("{place}: {}", chain(error));
        }
    };
    let next = match code {
        "AccessDeniedException" | "AccessDenied" => {
            format!("these keys are not permitted to do this: their role needs kinesis:{operation}")
        }
        "ExpiredTokenException" | "ExpiredToken" => {
            "the session of these keys has ended: sign in again (aws sso login), or take new ones".to_owned()
        }
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "InvalidClientTokenId"
        | "IncompleteSignature"
        | "MissingAuthenticationTokenException" => {
            "AWS does not accept these keys: check --profile, AWS_ACCESS_KEY_ID and the machine's clock"
                .to_owned()
        }
        "no answer" => format!("{}; is the server running, and is --endpoint-url right?", cause(error)),
        _ => cause(error),
    };
    format!("{place}: {operation} failed with {code}: {next}")
}

/// The innermost cause, which says what happened; those above it say only that a call failed.
fn cause(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |&error| error.source())
        .last()
        .map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: &str) -> String {
        let aws = AwsSettings { region: "eu-west-1".to_owned(), ..AwsSettings::default() };
        let source = "service error".into();
        let code = code.to_owned();
        advice("s", &aws, &ReaderError::Failed { operation: "GetRecords", code, is_retryable: false, source })
    }

    #[test]
    fn each_refusal_says_what_to_do_next() {
        for (code, next) in [
            ("AccessDeniedException", "needs kinesis:GetRecords"),
            ("ExpiredTokenException", "sign in again"),
            ("UnrecognizedClientException", "check --profile"),
            ("no answer", "is --endpoint-url right?"),
            ("ValidationException", "service error"),
        ] {
            let line = failed(code);
            assert!(line.starts_with("stream \"s\" at AWS in eu-west-1: GetRecords failed with "), "{line}");
            assert!(line.contains(next) && !line.contains('\n'), "{line}");
        }
    }
}
