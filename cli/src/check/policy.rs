//! What the policies of a role allow. Their conditions are taken to be fulfilled.

use serde_json::Value;

use super::stack::{Resource, text, texts};

/// A statement with the effect `Allow`.
pub(super) struct Statement<'s> {
    /// The path to it from the role.
    pub(super) path: Vec<String>,
    pub(super) node: &'s Value,
}

impl<'s> Statement<'s> {
    pub(super) fn actions(&self) -> Vec<&'s str> {
        texts(self.node.get("Action"))
    }

    pub(super) fn resources(&self) -> Vec<&'s str> {
        texts(self.node.get("Resource"))
    }

    fn has_action(&self, action: &str) -> bool {
        self.actions().iter().any(|pattern| is_like(&pattern.to_lowercase(), &action.to_lowercase()))
    }
}

/// The statements of a role that allow something. What a condition of the template removes from a list is not in it.
pub(super) fn allowed<'s>(role: &Resource<'s>) -> Vec<Statement<'s>> {
    let policies = role.properties().get("Policies").and_then(Value::as_array);
    let mut found = Vec::new();
    for (index, policy) in policies.into_iter().flatten().enumerate() {
        let statement = policy.get("PolicyDocument").and_then(|document| document.get("Statement"));
        let one = std::slice::from_ref(statement.unwrap_or(&Value::Null));
        let statements = statement.and_then(Value::as_array).map_or(one, Vec::as_slice);
        for (number, node) in statements.iter().enumerate() {
            if text(node, "Effect") == Some("Allow") {
                let (index, number) = (index.to_string(), number.to_string());
                let path = ["Properties", "Policies", &index, "PolicyDocument", "Statement", &number];
                found.push(Statement { path: path.map(ToOwned::to_owned).to_vec(), node });
            }
        }
    }
    found
}

/// Whether all permissions of the role are in the template.
pub(super) fn is_whole(role: &Resource<'_>) -> bool {
    role.properties().get("ManagedPolicyArns").is_none_or(|arns| texts(Some(arns)).is_empty())
}

/// Whether the role may use this action on this resource.
pub(super) fn allows(role: &Resource<'_>, action: &str, resource: &str) -> bool {
    allowed(role).iter().any(|statement| {
        statement.has_action(action) && statement.resources().iter().any(|pattern| is_like(pattern, resource))
    })
}

/// Whether the role may use this action on any resource whose ARN begins with `start`.
pub(super) fn allows_below(role: &Resource<'_>, action: &str, start: &str) -> bool {
    allowed(role).iter().any(|statement| {
        statement.has_action(action)
            && statement
                .resources()
                .iter()
                .any(|pattern| pattern.starts_with(start) || is_like(pattern, start))
    })
}

/// Whether a text matches a pattern in which `*` is any text and `?` one character. It takes at most as many steps as
/// the product of both lengths.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut of, mut star, mut taken) = (0, 0, None, 0);
    while of < text.len() {
        match pattern.get(at) {
            Some('*') => {
                (star, taken) = (Some(at), of);
                at += 1;
            }
            Some(one) if *one == '?' || text.get(of) == Some(one) => (at, of) = (at + 1, of + 1),
            _ => match star {
                Some(star) => {
                    taken += 1;
                    (at, of) = (star + 1, taken);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_star_stands_for_any_text_and_none() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("s3:*", "s3:PutObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_role_may_do_what_a_statement_of_it_allows() {
        let statement =
            json!({"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": "arn:aws:s3:::b/out/*"});
        let role = json!({"Type": "AWS::IAM::Role", "Properties": {"Policies": [
            {"PolicyDocument": {"Statement": statement}},
            {"PolicyDocument": {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}},
        ]}});
        let role = Resource { place: "Role", node: &role };
        assert!(allows(&role, "s3:putobject", "arn:aws:s3:::b/out/1"));
        assert!(!allows(&role, "s3:PutObject", "arn:aws:s3:::b/in/1"));
        assert!(allows_below(&role, "s3:PutObject", "arn:aws:s3:::b/"));
        assert!(!allows(&role, "s3:GetObject", "arn:aws:s3:::b/out/1"));
        assert!(is_whole(&role));
    }
}
