//! The schemas that are compiled in.

pub(super) const NAMES: [&str; 4] = ["cloudwatch_logs", "crime", "tweets", "users"];

/// The TOML of a built-in schema.
pub(super) fn source(name: &str) -> Option<&'static str> {
    match name {
        "cloudwatch_logs" => Some(include_str!("../../../../schemas/cloudwatch_logs.toml")),
        "crime" => Some(include_str!("../../../../schemas/crime.toml")),
        "tweets" => Some(include_str!("../../../../schemas/tweets.toml")),
        "users" => Some(include_str!("../../../../schemas/users.toml")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn every_built_in_schema_is_a_schema_of_its_name() {
        for name in NAMES {
            let schema = Schema::parse(source(name).unwrap()).map_err(|error| error.to_string()).unwrap();
            assert_eq!(schema.name(), name);
        }
    }
}
