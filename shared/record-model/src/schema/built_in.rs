//! The schemas that are compiled in.

/// Each schema's name and its TOML.
const ALL: [(&str, &str); 4] = [
    ("cloudwatch_logs", include_str!("../../../../schemas/cloudwatch_logs.toml")),
    ("crime", include_str!("../../../../schemas/crime.toml")),
    ("tweets", include_str!("../../../../schemas/tweets.toml")),
    ("users", include_str!("../../../../schemas/users.toml")),
];

pub(super) const NAMES: [&str; 4] = {
    let [(a, _), (b, _), (c, _), (d, _)] = ALL;
    [a, b, c, d]
};

/// The TOML of a built-in schema.
pub(super) fn source(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, toml)| *toml)
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
