//! A JSON API as an event names it, with the secret that its requests need.

use serde::Deserialize;

use super::{Access, Found, HttpApi, HttpApiSource, OpenError};
use crate::aws::SecretName;

/// A JSON API that answers in pages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSpec {
    /// How to ask it, and how it answers.
    pub api: HttpApi,
    /// The bearer token that it requires, if any.
    #[serde(default)]
    pub bearer: Option<SecretSpec>,
}

/// A secret, or a field of one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSpec {
    /// Where it is kept.
    pub name: SecretName,
    /// The member to use, if the secret is a JSON object.
    #[serde(default)]
    pub field: Option<String>,
}

impl ApiSpec {
    pub(super) fn name(&self) -> String {
        self.api.url.clone()
    }

    pub(super) async fn find<O>(&self, access: &Access<'_, O>) -> Result<Found<HttpApiSource>, OpenError> {
        let bearer = match &self.bearer {
            Some(secret) => Some(access.secrets.get(&secret.name, secret.field.as_deref()).await?),
            None => None,
        };
        let (client, api, schema) = (access.http_client()?, self.api.clone(), access.schema.clone());
        Ok(Found::new(move |start| {
            let source = HttpApiSource::new(client, api, bearer.as_deref(), schema, &start.resume)?;
            Ok(if start.keeps_mark { source.keeping_mark() } else { source })
        }))
    }
}
