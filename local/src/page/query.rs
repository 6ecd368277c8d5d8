//! The parameters of a request's URL.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::answer::Refusal;

/// Parameters by name; of one that is given twice the last counts.
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
    /// A parameter that is there and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that has to be there.
    pub(crate) fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::bad(format!("parameter {name:?} is missing")))
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = || Refusal::bad(format!("parameter {name:?} is {text:?}, expected a whole number"));
        text.parse().map(Some).map_err(|_| wrong())
    }

    /// How many of a list: `usual`, or as many as are asked for up to `most`.
    pub(crate) fn limit(&self, usual: usize, most: usize) -> Result<usize, Refusal> {
        let asked = self.number("limit")?.map(|limit| usize::try_from(limit).unwrap_or(most));
        Ok(asked.unwrap_or(usual).clamp(1, most))
    }
}
