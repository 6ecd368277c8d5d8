//! What other systems need to know of a data set, generated from its schema.

mod athena;
mod json_schema;
mod names;
mod opensearch;
mod tree;

use crate::schema::{Schema, SchemaError};

impl Schema {
    /// Refuses a schema with names that OpenSearch keeps for itself, or whose own name no index can have.
    pub fn fit_opensearch(&self) -> Result<(), SchemaError> {
        names::fit_opensearch(self.plan())
    }

    /// An OpenSearch index template for the documents: types, date formats, geo points. `PUT` it to
    /// `_index_template/<name>`. It covers the index named after the data set and `<name>-*`. Refused as
    /// [`Schema::fit_opensearch`] refuses.
    pub fn opensearch_template(&self) -> Result<String, SchemaError> {
        self.fit_opensearch()?;
        Ok(pretty(&opensearch::template(self.plan())))
    }

    /// A statement that makes an Athena table (Glue, JSON `SerDe`) of the documents under
    /// `<location>/dt=YYYY-MM-DD/hour=HH/`, with partition projection from `first_day` (`YYYY-MM-DD`) on. Refused where
    /// a member has the name of a partition, or differs from another by case alone: Athena has names in lower case.
    pub fn athena_table(&self, location: &str, first_day: &str) -> Result<String, SchemaError> {
        names::fit_athena(self.plan())?;
        Ok(athena::table(self.plan(), location.trim_end_matches('/'), first_day))
    }

    /// A JSON Schema (2020-12) that every document this schema writes fulfils.
    pub fn json_schema(&self) -> String {
        pretty(&json_schema::schema(self.plan()))
    }
}

fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}\n")
}
