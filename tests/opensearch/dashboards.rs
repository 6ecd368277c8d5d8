//! Checks the saved objects of OpenSearch Dashboards: what they refer to exists, and the server answers their requests.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

/// The saved objects that ship.
pub(super) fn objects() -> Vec<Value> {
    let text = fs::read_to_string(super::root().join("examples/crime-dashboards.ndjson")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Builds the search request of a visualization, with its buckets nested.
pub(super) fn request(visualization: &Value) -> Value {
    let state: Value =
        serde_json::from_str(visualization["attributes"]["visState"].as_str().unwrap()).unwrap();
    let buckets = state["aggs"].as_array().unwrap().iter().filter(|agg| agg["type"] != "count");
    let mut inner = json!({});
    for agg in buckets.collect::<Vec<_>>().into_iter().rev() {
        let field = &agg["params"]["field"];
        let own = match agg["type"].as_str().unwrap() {
            "date_histogram" => {
                json!({"date_histogram": {"field": field, "calendar_interval": "1d", "min_doc_count": 1}})
            }
            "terms" => {
                json!({"terms": {"field": field, "size": agg["params"]["size"], "order": {"_key": "asc"}}})
            }
            "geohash_grid" => {
                json!({"geohash_grid": {"field": field, "precision": agg["params"]["precision"]}})
            }
            other => panic!("{other} is not asked for here"),
        };
        let mut bucket = own.as_object().unwrap().clone();
        bucket.insert("aggs".to_owned(), inner);
        inner = json!({"buckets": bucket});
    }
    json!({"size": 0, "aggs": inner})
}

#[test]
fn saved_objects_refer_to_what_is_there_and_to_fields_of_the_schema() {
    let objects = objects();
    let ids: BTreeSet<(&str, &str)> = objects
        .iter()
        .map(|object| (object["type"].as_str().unwrap(), object["id"].as_str().unwrap()))
        .collect();
    assert_eq!(ids.len(), objects.len());
    for object in &objects {
        for reference in object["references"].as_array().unwrap() {
            let to = (reference["type"].as_str().unwrap(), reference["id"].as_str().unwrap());
            assert!(ids.contains(&to), "{to:?}");
        }
        let meta = &object["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"];
        if let Some(text) = meta.as_str() {
            let source: Value = serde_json::from_str(text).unwrap();
            let name = &source["indexRefName"];
            let references = object["references"].as_array().unwrap();
            assert!(name.is_null() || references.iter().any(|reference| &reference["name"] == name));
        }
    }
    let template = record_model::Schema::built_in("crime").unwrap().opensearch_template().unwrap();
    let template: Value = serde_json::from_str(&template).unwrap();
    let fields = &template["template"]["mappings"]["properties"];
    let is_there = |name: &Value| assert!(fields.get(name.as_str().unwrap()).is_some(), "{name}");
    for object in &objects {
        let attributes = &object["attributes"];
        attributes["columns"].as_array().into_iter().flatten().for_each(is_there);
        attributes.get("timeFieldName").into_iter().for_each(is_there);
    }
    assert_eq!(fields["location"]["type"], "geo_point");
}
