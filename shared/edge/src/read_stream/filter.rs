//! Expressions over the fields of a record: `district == 3 and (amount > 10 or not arrest)`.

mod parse;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

/// A condition on a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    Compare(Operand, Operator, Operand),
    /// A field on its own holds if it is `true`.
    Is(Operand),
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Field(String),
    Constant(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Different,
    Less,
    AtMost,
    More,
    AtLeast,
    Contains,
}

impl Filter {
    /// Reads an expression. The error says where it is wrong and what was expected there.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::parse(text).map(Self)
    }

    /// Whether it holds for a record's document. Values of different types are unequal, and neither is less.
    pub fn holds(&self, document: &Value) -> bool {
        self.0.holds(document)
    }

    /// The fields it names, each up to its first point.
    pub fn fields(&self) -> BTreeSet<&str> {
        let mut fields = BTreeSet::new();
        self.0.collect(&mut fields);
        fields
    }
}

impl Node {
    fn holds(&self, document: &Value) -> bool {
        match self {
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(document)),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(document)),
            Self::Not(node) => !node.holds(document),
            Self::Is(operand) => *operand.value(document) == Value::Bool(true),
            Self::Compare(left, operator, right) => {
                operator.holds(left.value(document), right.value(document))
            }
        }
    }

    fn collect<'a>(&'a self, fields: &mut BTreeSet<&'a str>) {
        let mut add = |operand: &'a Operand| {
            if let Operand::Field(path) = operand {
                fields.insert(path.split('.').next().unwrap_or_default());
            }
        };
        match self {
            Self::Any(nodes) | Self::All(nodes) => nodes.iter().for_each(|node| node.collect(fields)),
            Self::Not(node) => node.collect(fields),
            Self::Is(operand) => add(operand),
            Self::Compare(left, _, right) => {
                add(left);
                add(right);
            }
        }
    }
}

impl Operand {
    fn value<'a>(&'a self, document: &'a Value) -> &'a Value {
        match self {
            Self::Constant(value) => value,
            Self::Field(path) => field(document, path),
        }
    }
}

/// The value at a path such as `user.name`, or null if there is none. A member whose own name contains the points takes
/// precedence.
pub fn field<'a>(document: &'a Value, path: &str) -> &'a Value {
    if let Some(value) = document.get(path) {
        return value;
    }
    path.split('.').try_fold(document, |value, name| value.get(name)).unwrap_or(&Value::Null)
}

impl Operator {
    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = order(left, right);
        match self {
            Self::Equal => is_equal(left, right),
            Self::Different => !is_equal(left, right),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::More => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Self::Contains => match (left, right) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                (Value::Array(values), part) => values.iter().any(|value| is_equal(value, part)),
                _ => false,
            },
        }
    }
}

fn is_equal(left: &Value, right: &Value) -> bool {
    order(left, right).map_or_else(|| left == right, Ordering::is_eq)
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn holds(expression: &str) -> bool {
        let document = json!({"district": 3, "amount": 10.5, "arrest": true, "type": "THEFT", "note": null,
            "user": {"name": "Ann"}, "tags": ["a", "b"], "id": 9_007_199_254_740_993_u64});
        Filter::parse(expression).unwrap().holds(&document)
    }

    #[test]
    fn an_expression_is_as_it_reads() {
        for expression in [
            "district == 3 and amount > 10",
            "district==3&&amount>=10.5",
            "arrest",
            "not arrest or district <= 3",
            "type == 'THEFT' and user.name = \"Ann\"",
            "type ~ 'HEF' and tags ~ 'b'",
            "note == null and absent == null and absent.deep == null",
            "not (district == 3 and amount < 10)",
            "district != '3'",
            "3 < 4 and type < 'U'",
            "district == 4 or district == 3 and arrest",
            "id == 9007199254740993 and id != 9007199254740992",
            "amount > -1e3",
        ] {
            assert!(holds(expression), "{expression}");
            assert!(!holds(&format!("not ({expression})")), "{expression}");
        }
        assert!(
            !holds("district < '4'") && !holds("type > 3") && !holds("(district == 4 or arrest) and note")
        );
    }

    #[test]
    fn a_wrong_expression_says_where_and_what_was_expected() {
        for (expression, place) in [
            ("", "at its end: expected a field"),
            ("district ==", "at its end: expected a field"),
            ("district == 3 and", "at its end"),
            ("district == 3 amount", "at \"amount\""),
            ("(a == 1", "at its end: expected )"),
            ("a == 'open", "at \"'open\""),
            ("a ? 1", "at \"? 1\""),
            ("a == 1e999", "at \"1e999\""),
        ] {
            let error = Filter::parse(expression).unwrap_err();
            assert!(error.contains(place), "{expression}: {error}");
        }
        assert!(Filter::parse(&"(".repeat(10_000)).unwrap_err().contains("too deep"));
    }

    #[test]
    fn fields_are_told_by_their_first_names() {
        let filter = Filter::parse("a.b == c or not (d and 'e' ~ f)").unwrap();
        assert_eq!(filter.fields().into_iter().collect::<Vec<_>>(), ["a", "c", "d", "f"]);
    }

    proptest! {
        #[test]
        fn no_text_is_too_much_for_the_reader(text in "[a-c0-9 .()'\"=<>!~&|é-]{0,40}") {
            if let Ok(filter) = Filter::parse(&text) {
                filter.holds(&json!({"a": 1, "b": "x"}));
            }
        }

        #[test]
        fn numbers_are_compared_as_numbers(a in -100_i32..100, b in -100_i32..100) {
            let document = json!({"a": a, "b": f64::from(b)});
            for (operator, expected) in [("<", a < b), ("<=", a <= b), ("==", a == b), ("!=", a != b), (">", a > b)] {
                let filter = Filter::parse(&format!("a {operator} b")).unwrap();
                prop_assert_eq!(filter.holds(&document), expected);
            }
        }
    }
}
