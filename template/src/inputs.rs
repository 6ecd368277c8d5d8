//! Reads which files a run on one machine reads if it is given none.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::TemplateError;

/// Returns the file of each data set. Its path is relative to the template's `folder`.
pub(super) fn of(document: &Value, folder: &Path) -> Result<Vec<(String, PathBuf)>, TemplateError> {
    let place = "Metadata.Kinflow.Inputs";
    let wrong = |found: &Value| {
        TemplateError::invalid(place, format!("expected names of data sets and of files, found {found}"))
    };
    match document.pointer("/Metadata/Kinflow/Inputs") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(inputs)) => {
            let files = inputs.iter().map(|(data_set, file)| {
                let file = file.as_str().ok_or_else(|| wrong(file))?;
                Ok((data_set.clone(), folder.join(file)))
            });
            files.collect()
        }
        Some(other) => Err(wrong(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_seen_from_the_template_and_what_names_none_is_refused() {
        let given =
            |inputs: Value| of(&json!({"Metadata": {"Kinflow": {"Inputs": inputs}}}), Path::new("shop"));
        let found = given(json!({"orders": "samples/orders.csv", "far": "/far.csv"})).unwrap();
        let expected = [("far", "/far.csv"), ("orders", "shop/samples/orders.csv")];
        assert_eq!(found, expected.map(|(name, file)| (name.to_owned(), PathBuf::from(file))));
        assert_eq!(of(&json!({}), Path::new("")).unwrap(), []);
        let refused = given(json!({"orders": 1})).unwrap_err().to_string();
        assert!(refused.starts_with("Metadata.Kinflow.Inputs: expected names"), "{refused}");
        assert!(given(json!(["orders.csv"])).is_err());
    }
}
