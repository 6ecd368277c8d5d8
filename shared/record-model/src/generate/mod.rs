//! What other systems need to know about a data set, generated from its schema.

mod athena;
mod json_schema;
mod names;
mod opensearch;
mod tree;

use crate::schema::{Schema, SchemaError};

impl Schema {
    /// Refuses a schema that has names which OpenSearch reserves, or whose own name can't be the name of an
    /// index.
    pub fn fit_opensearch(&self) -> Result<(), SchemaError> {
        names::fit_opensearch(self.plan())
    }

    /// Generates an OpenSearch index template for the documents: types, date formats and geo points. `PUT` it
    /// to `_index_template/<name>`. It covers the index that is named after the data set, and `<name>-*`.
    /// Refuses what [`Schema::fit_opensearch`] refuses.
    pub fn opensearch_template(&self) -> Result<String, SchemaError> {
        self.fit_opensearch()?;
        Ok(pretty(&opensearch::template(self.plan())))
    }

    /// Generates a statement that creates an Athena table (Glue, JSON `SerDe`) over the documents under
    /// `<location>/dt=YYYY-MM-DD/hour=HH/`, with partition projection from `first_day` (`YYYY-MM-DD`) on.
    /// Refuses a schema in which a member has the name of a partition column or differs from another member
    /// only in case, since Athena keeps names in lower case.
    pub fn athena_table(&self, location: &str, first_day: &str) -> Result<String, SchemaError> {
        names::fit_athena(self.plan())?;
        Ok(athena::table(self.plan(), location.trim_end_matches('/'), first_day))
    }

    /// Generates a JSON Schema (2020-12) that every document of this schema satisfies.
    pub fn json_schema(&self) -> String {
        pretty(&json_schema::schema(self.plan()))
    }
}

fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}\n")
}
