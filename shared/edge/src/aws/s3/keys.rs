//! Keys for the bucket's client from where the SDK's clients have theirs.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use object_store::aws::{AwsCredential, AwsCredentialProvider};
use object_store::client::CredentialProvider;
use tokio::sync::Mutex;

/// Keys are not used that end within this time.
const MARGIN: Duration = Duration::from_mins(5);

#[derive(Debug)]
struct Keys {
    provider: SharedCredentialsProvider,
    /// The client asks before each request, and a provider may ask a server.
    known: Mutex<Option<Credentials>>,
}

/// Keys of the provider, which is asked again once they are over.
pub(super) fn keys_of(provider: &SharedCredentialsProvider) -> AwsCredentialProvider {
    Arc::new(Keys { provider: provider.clone(), known: Mutex::default() })
}

type Given<'a> = Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'a>>;

impl Keys {
    async fn get(&self) -> object_store::Result<Credentials> {
        let mut known = self.known.lock().await;
        let lasts = |keys: &&Credentials| keys.expiry().is_none_or(|at| at > SystemTime::now() + MARGIN);
        if let Some(keys) = known.as_ref().filter(lasts) {
            return Ok(keys.clone());
        }
        let failed = |source| object_store::Error::Unauthenticated {
            path: "AWS credentials".to_owned(),
            source: Box::new(source),
        };
        let keys = self.provider.provide_credentials().await.map_err(failed)?;
        *known = Some(keys.clone());
        Ok(keys)
    }
}

impl CredentialProvider for Keys {
    type Credential = AwsCredential;

    // What the trait's own attribute makes of an `async fn`.
    fn get_credential<'life0, 'async_trait>(&'life0 self) -> Given<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let keys = self.get().await?;
            Ok(Arc::new(AwsCredential {
                key_id: keys.access_key_id().to_owned(),
                secret_key: keys.secret_access_key().to_owned(),
                token: keys.session_token().map(str::to_owned),
            }))
        })
    }
}
