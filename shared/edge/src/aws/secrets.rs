//! Reads secrets from the AWS Parameters and Secrets Lambda extension, which caches them on this machine.

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

use crate::BoxError;
use crate::aws::{TrustedRoots, https};
use crate::settings::Settings;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretName {
    /// A secret's name or ARN in Secrets Manager.
    SecretsManager(String),
    /// A parameter's name in SSM Parameter Store; a `SecureString` is decrypted.
    Ssm(String),
}

/// The extension's endpoint.
#[derive(Debug, Clone)]
pub struct Secrets {
    port: u16,
    session_token: Option<String>,
}

/// Why a secret could not be read. No error contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The extension is missing or did not answer.
    #[error("the parameters and secrets extension did not answer: does the function have its layer?")]
    NoAnswer(#[source] BoxError),
    /// The extension answered with an error.
    #[error("the parameters and secrets extension answered {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The extension's answer contains no text.
    #[error("the secret is not text")]
    NotText,
    /// A JSON secret lacks the field.
    #[error("the secret has no field {field:?}")]
    NoField {
        /// The field asked for.
        field: String,
    },
}

impl Secrets {
    /// Reads `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`, which is 2773 if unset, and the function's session
    /// token.
    pub fn read(settings: &mut Settings) -> Self {
        let port = settings.number_in("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", 2773, 1..=u16::MAX);
        Self { port, session_token: settings.optional("AWS_SESSION_TOKEN") }
    }

    /// Returns the secret, or one field of it if it is a JSON object.
    pub async fn get(&self, name: &SecretName, field: Option<&str>) -> Result<String, SecretError> {
        let (path, member) = match name {
            SecretName::SecretsManager(_) => ("secretsmanager/get", "/SecretString"),
            SecretName::Ssm(_) => ("systemsmanager/parameters/get", "/Parameter/Value"),
        };
        let parameters: &[(&str, &str)] = match name {
            SecretName::SecretsManager(id) => &[("secretId", id)],
            SecretName::Ssm(name) => &[("name", name), ("withDecryption", "true")],
        };
        let answer = self.ask(path, parameters).await?;
        let text = answer.pointer(member).and_then(Value::as_str).ok_or(SecretError::NotText)?;
        let Some(field) = field else { return Ok(text.to_owned()) };
        let secret: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let value = secret.get(field).and_then(Value::as_str);
        value.map(str::to_owned).ok_or_else(|| SecretError::NoField { field: field.to_owned() })
    }

    async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, SecretError> {
        let no_answer = |error: reqwest::Error| SecretError::NoAnswer(error.without_url().into());
        let base = format!("http://localhost:{}/{path}", self.port);
        let url =
            Url::parse_with_params(&base, parameters).map_err(|error| SecretError::NoAnswer(error.into()))?;
        let roots = TrustedRoots::default();
        let client = https::client_builder(Some(&base), &roots)
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(no_answer)?;
        let mut request = client.get(url);
        if let Some(token) = &self.session_token {
            request = request.header("X-Aws-Parameters-Secrets-Token", token);
        }
        let response = request.send().await.map_err(no_answer)?;
        let status = response.status();
        if !status.is_success() {
            return Err(SecretError::Status { status: status.as_u16() });
        }
        let body = response.bytes().await.map_err(no_answer)?;
        serde_json::from_slice(&body).map_err(|_| SecretError::NotText)
    }
}
