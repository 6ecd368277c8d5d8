//! Decides requests as IAM does, as far as the templates need it: allow and deny, wildcards, and three conditions.

use serde_json::Value;

/// A request as IAM sees it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) action: String,
    pub(super) resource: String,
    /// The condition keys of the request, with their values.
    pub(super) context: Vec<(&'static str, String)>,
}

/// The policies of one role, or of one bucket.
pub(super) struct Policy(Vec<Value>);

impl Policy {
    /// Reads the statements of an `AWS::IAM::Role`'s inline policies.
    pub(super) fn of_role(role: &Value) -> Self {
        assert!(role["Properties"].get("ManagedPolicyArns").is_none(), "not simulated here");
        let policies = role["Properties"]["Policies"].as_array().unwrap();
        Self(policies.iter().flat_map(|policy| statements(&policy["PolicyDocument"])).collect())
    }

    /// Reads the statements of an `AWS::S3::BucketPolicy`.
    pub(super) fn of_bucket(policy: &Value) -> Self {
        Self(statements(&policy["Properties"]["PolicyDocument"]).collect())
    }

    pub(super) fn allows(&self, request: &Request) -> bool {
        self.has("Allow", request) && !self.denies(request)
    }

    pub(super) fn denies(&self, request: &Request) -> bool {
        self.has("Deny", request)
    }

    fn has(&self, effect: &str, request: &Request) -> bool {
        self.0.iter().any(|statement| statement["Effect"] == effect && applies(statement, request))
    }
}

fn statements(document: &Value) -> impl Iterator<Item = Value> {
    document["Statement"].as_array().unwrap().clone().into_iter()
}

fn applies(statement: &Value, request: &Request) -> bool {
    for name in statement.as_object().unwrap().keys() {
        let known = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
        assert!(known.contains(&name.as_str()), "{name} is not simulated here");
    }
    let names = |name: &str, text: &str| texts(&statement[name]).iter().any(|pattern| is_like(pattern, text));
    let action = request.action.to_lowercase();
    texts(&statement["Action"]).iter().any(|pattern| is_like(&pattern.to_lowercase(), &action))
        && names("Resource", &request.resource)
        && conditions_hold(&statement["Condition"], request)
}

fn conditions_hold(conditions: &Value, request: &Request) -> bool {
    let operators = conditions.as_object().into_iter().flatten();
    operators.into_iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, expected)| {
            // These operators are false for a key that the request does not have.
            let found = request.context.iter().find(|(name, _)| name == key).map(|(_, value)| value);
            let expected = texts(expected);
            found.is_some_and(|found| match operator.as_str() {
                "StringEquals" | "Bool" => expected.iter().any(|expected| expected == found),
                "StringLike" => expected.iter().any(|pattern| is_like(pattern, found)),
                other => panic!("{other} is not simulated here"),
            })
        })
    })
}

fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// Whether a text matches a pattern, in which `*` is any text. IAM's `?` is not used here.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(before) else { return false };
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.into_iter().any(|at| is_like(rest, &text[at..]))
}

#[test]
fn a_wildcard_stands_for_any_text_and_for_none() {
    for (pattern, text, expected) in [
        ("a/*", "a/b/c", true),
        ("a/*", "a/", true),
        ("a/*", "a", false),
        ("*:x", "y:x", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b", "a-b-c", false),
        ("", "", true),
    ] {
        assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
    }
}
