//! The rules. Each file has a table of them.

mod buckets;
mod deliveries;
mod functions;
mod mappings;
mod permissions;
mod streams;

use super::rule::Rule;

/// Every rule.
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    [mappings::RULES, streams::RULES, buckets::RULES, deliveries::RULES, functions::RULES, permissions::RULES]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_a_name_of_its_own_a_source_and_what_is_to_be_done() {
        let mut names = BTreeSet::new();
        for rule in all() {
            assert!(names.insert(rule.id), "{} is given twice", rule.id);
            assert!(
                rule.source.starts_with("https://") || rule.source.starts_with("measured"),
                "{}",
                rule.id
            );
            assert!(rule.reason.ends_with('.') && rule.fix.ends_with('.'), "{}", rule.id);
        }
    }
}
