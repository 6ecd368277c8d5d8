//! Puts the index template of a schema to a server of OpenSearch, and sees that it holds.

use edge::opensearch::{Method, OpenSearch, OpenSearchError};
use serde_json::{Map, Value};
use thiserror::Error;

/// Fields of an index that are named where they differ.
const MOST_NAMED: usize = 3;

/// Why an index does not have the types of the schema.
#[derive(Debug, Error)]
pub(crate) enum ApplyError {
    #[error(transparent)]
    Server(#[from] OpenSearchError),
    #[error("the OpenSearch server did not acknowledge index template {name:?}: {answer}")]
    NotAcknowledged { name: String, answer: Value },
    #[error(
        "index template {name:?} is put, and another template of the server takes precedence for index {name:?}: \
         {differences}; give that one a lower priority or other patterns"
    )]
    Overruled { name: String, differences: String },
    #[error(
        "index template {name:?} is put, and index {index:?} was there before it with other types: {differences}; make the \
         index anew (docs/deploy.md, OpenSearch)"
    )]
    OlderIndex { name: String, index: String, differences: String },
    #[error("the index template is no JSON")]
    NoJson(#[from] serde_json::Error),
}

/// Puts the template `name`. It holds once a new index of that name would have its types, and each index of its patterns
/// that is there has them. Doing it again changes nothing.
pub(crate) async fn apply(server: &OpenSearch, name: &str, template: &str) -> Result<(), ApplyError> {
    let template: Value = serde_json::from_str(template)?;
    let answer = server.call(Method::PUT, &["_index_template", name], Some(&template)).await?;
    let answer = answer.unwrap_or_default();
    if answer.get("acknowledged") != Some(&Value::Bool(true)) {
        return Err(ApplyError::NotAcknowledged { name: name.to_owned(), answer });
    }
    let wanted = fields(template.pointer("/template/mappings"));
    let simulated = server.call(Method::POST, &["_index_template", "_simulate_index", name], None).await?;
    let simulated = fields(simulated.as_ref().and_then(|answer| answer.pointer("/template/mappings")));
    if let Some(differences) = differences(&wanted, &simulated) {
        return Err(ApplyError::Overruled { name: name.to_owned(), differences });
    }
    let all = format!("{name}*");
    let indices = server.call(Method::GET, &[&all, "_mapping"], None).await?.unwrap_or_default();
    let is_ours =
        |index: &str| index.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let indices = indices.as_object().into_iter().flatten().filter(|(index, _)| is_ours(index));
    for (index, found) in indices {
        if let Some(differences) = differences(&wanted, &fields(found.get("mappings"))) {
            let (name, index) = (name.to_owned(), index.clone());
            return Err(ApplyError::OlderIndex { name, index, differences });
        }
    }
    Ok(())
}

/// The settings of every field of a mapping, by its path.
fn fields(mapping: Option<&Value>) -> Map<String, Value> {
    let mut found = Map::new();
    let mut levels = vec![(String::new(), mapping)];
    while let Some((path, level)) = levels.pop() {
        let properties = level.and_then(|level| level.get("properties")).and_then(Value::as_object);
        for (name, field) in properties.into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if field.get("properties").is_some() {
                levels.push((path, Some(field)));
            } else {
                found.insert(path, field.clone());
            }
        }
    }
    found
}

/// The first fields whose settings are other than wanted; `None` where there are none.
fn differences(wanted: &Map<String, Value>, found: &Map<String, Value>) -> Option<String> {
    let different = wanted.iter().filter(|(path, field)| found.get(*path) != Some(field));
    let named: Vec<String> = different
        .map(|(path, field)| {
            let found = found.get(path).map_or_else(|| "not there".to_owned(), Value::to_string);
            format!("{path} is {found}, expected {field}")
        })
        .collect();
    let more = named.len().saturating_sub(MOST_NAMED);
    let mut told: Vec<String> = named.into_iter().take(MOST_NAMED).collect();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mapping(types: &[(&str, &str)]) -> Map<String, Value> {
        let properties: Map<String, Value> =
            types.iter().map(|(name, kind)| ((*name).to_owned(), json!({"type": kind}))).collect();
        fields(Some(&json!({"properties": {"user": {"properties": properties}}})))
    }

    #[test]
    fn fields_that_differ_are_named_with_both_types_and_bounded() {
        let wanted = mapping(&[("a", "date"), ("b", "long"), ("c", "long"), ("d", "long"), ("e", "long")]);
        assert_eq!(differences(&wanted, &wanted), None);
        let told = differences(&wanted, &mapping(&[("a", "text"), ("b", "long"), ("x", "text")])).unwrap();
        let expected = r#"user.a is {"type":"text"}, expected {"type":"date"}; user.c is not there, expected {"type":"long"}; user.d is not there, expected {"type":"long"}; and 1 more"#;
        assert_eq!(told, expected);
    }
}
