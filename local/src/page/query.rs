//! The parameters of a request's URL.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::answer::Refusal;

/// Parameters by name. If one is given twice, the last value counts.
#[derive(Debug, Default)]
pub(crate) struct Query(BTreeMap<String, String>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        Ok(Self(form_urlencoded::parse(query).into_owned().collect()))
    }
}

impl Query {
    /// Returns a parameter, unless it is missing or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns a parameter, or an error if it is missing or empty.
    pub(crate) fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::bad(format!("parameter {name:?} is missing")))
    }

    /// Returns a parameter that is a whole number, or an error if it is something else.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = || Refusal::bad(format!("parameter {name:?} is {text:?}, expected a whole number"));
        text.parse().map(Some).map_err(|_| wrong())
    }

    /// Returns how many entries a list shall have: `usual`, or as many as are asked for, from 1 to `most`.
    pub(crate) fn limit(&self, usual: usize, most: usize) -> Result<usize, Refusal> {
        let asked = self.number("limit")?.map(|limit| usize::try_from(limit).unwrap_or(most));
        Ok(asked.unwrap_or(usual).clamp(1, most))
    }
}
