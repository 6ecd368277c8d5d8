//! Parses YAML text to one JSON value, with `CloudFormation`'s short tags in their long form.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use saphyr::{LoadableYamlNode, Scalar, Tag, Yaml};
use serde_json::{Map, Number, Value, json};

use super::TemplateError;

/// The largest template, which is also the limit of `CloudFormation` for a template in S3.
const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of lists and maps.
const DEEPEST: usize = 100;
/// The most columns before a line's first text.
const MAX_COLUMNS: usize = 500;
/// The most lone dashes that are quoted before the text is parsed as it is.
const MAX_DASHES: usize = 1_000;

/// Reads the file of a template.
pub(super) fn open(path: &Path) -> Result<Value, TemplateError> {
    parse(&text(path)?).map_err(|reason| TemplateError::NoYaml { path: path.to_owned(), reason })
}

/// Reads the text of a file, but at most one byte more than the limit.
pub(super) fn text(path: &Path) -> Result<String, TemplateError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_string(&mut text));
    read.map_err(|source| TemplateError::Unreadable { path: path.to_owned(), source })?;
    Ok(text)
}

/// Parses the first document of `text`. The error says where it is wrong, and why.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it has more than {MAX_BYTES} bytes"));
    }
    if text.lines().any(|line| columns(line) > MAX_COLUMNS) {
        return Err(format!("it is nested deeper than {MAX_COLUMNS} columns"));
    }
    let mut text = text.to_owned();
    for _ in 0..MAX_DASHES {
        let error = match Yaml::load_from_str(&text) {
            Ok(documents) => {
                let first = documents.into_iter().next().ok_or("it is empty")?;
                return value(&first, 0);
            }
            Err(error) => error,
        };
        let at = text.char_indices().nth(error.marker().index()).map(|(byte, _)| byte);
        text = at.and_then(|at| quote_dash(&text, at)).ok_or_else(|| error.to_string())?;
    }
    Err(format!("it has more than {MAX_DASHES} lone dashes"))
}

/// The columns before a line's first text. No list or map begins in the column of the one around it, so this
/// bounds how deep the parser must go.
fn columns(line: &str) -> usize {
    let mut rest = line;
    while let Some(shorter) = rest.strip_prefix(' ').or(rest.strip_prefix("- ")).or(rest.strip_prefix("? ")) {
        rest = shorter;
    }
    line.len() - rest.len()
}

/// The text with the lone dash at this byte in quotes. In a flow list such as `!Split [ -, x ]`,
/// `CloudFormation` reads it as text, but this parser does not.
fn quote_dash(text: &str, at: usize) -> Option<String> {
    let (before, rest) = (text.get(..at)?, text.get(at..)?.strip_prefix('-')?);
    rest.trim_start_matches(' ').starts_with([',', ']', '}']).then(|| format!("{before}\"-\"{rest}"))
}

fn value(yaml: &Yaml<'_>, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err(format!("it is nested deeper than {DEEPEST} levels"));
    }
    Ok(match yaml {
        Yaml::Value(scalar) => plain(scalar),
        Yaml::Representation(text, ..) => Value::String(text.to_string()),
        Yaml::Sequence(items) => {
            Value::Array(items.iter().map(|item| value(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(entries) => {
            let entry = |(key, item): (&Yaml<'_>, &Yaml<'_>)| Ok((name(key)?, value(item, depth + 1)?));
            Value::Object(entries.iter().map(entry).collect::<Result<Map<_, _>, String>>()?)
        }
        Yaml::Tagged(tag, inner) => long_form(tag, value(inner, depth + 1)?),
        Yaml::Alias(_) | Yaml::BadValue => {
            return Err("an alias or a tagged value can't be resolved".to_owned());
        }
    })
}

fn plain(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(flag) => Value::Bool(*flag),
        Scalar::Integer(number) => Value::from(*number),
        Scalar::FloatingPoint(number) => Number::from_f64(number.0).map_or(Value::Null, Value::Number),
        Scalar::String(text) => Value::String(text.to_string()),
    }
}

fn name(key: &Yaml<'_>) -> Result<String, String> {
    match value(key, DEEPEST)? {
        Value::String(name) => Ok(name),
        other @ (Value::Bool(_) | Value::Number(_)) => Ok(other.to_string()),
        other => Err(format!("a key must be plain text, found {other}")),
    }
}

/// `!Ref X` is `{"Ref": X}`, `!GetAtt A.B` is `{"Fn::GetAtt": ["A", "B"]}`, any other `{"Fn::Name": …}`.
fn long_form(tag: &Tag, argument: Value) -> Value {
    match (tag.suffix.as_str(), argument) {
        (short @ ("Ref" | "Condition"), argument) => json!({ short: argument }),
        ("GetAtt", Value::String(dotted)) => {
            let (resource, attribute) = dotted.split_once('.').unwrap_or((&dotted, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        (short, argument) => json!({ format!("Fn::{short}"): argument }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(yaml: &str, expected: &Value) {
        assert_eq!(&parse(yaml).unwrap(), expected);
    }

    #[test]
    fn short_tags_take_their_long_form() {
        check("a: !Ref B", &json!({"a": {"Ref": "B"}}));
        check("a: !GetAtt B.Arn", &json!({"a": {"Fn::GetAtt": ["B", "Arn"]}}));
        check("a: !Join [',', [!Ref B, c]]", &json!({"a": {"Fn::Join": [",", [{"Ref": "B"}, "c"]]}}));
        check("a: !Not [!Condition C]", &json!({"a": {"Fn::Not": [{"Condition": "C"}]}}));
    }

    #[test]
    fn quoted_numbers_stay_text() {
        check("a: '1'\nb: 1\nc: 2010-09-09", &json!({"a": "1", "b": 1, "c": "2010-09-09"}));
    }

    #[test]
    fn a_lone_dash_in_a_flow_list_is_text() {
        check("a: !Split [ -, x ]\nb: [x, -]", &json!({"a": {"Fn::Split": ["-", "x"]}, "b": ["x", "-"]}));
    }

    #[test]
    fn what_is_too_large_or_too_deep_is_refused() {
        assert!(parse(&format!("a: {}", "x".repeat(MAX_BYTES))).unwrap_err().contains("bytes"));
        for depth in [DEEPEST + 2, 100_000] {
            let flow = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert!(parse(&flow).is_err(), "{depth}");
        }
        assert!(parse(&"- ".repeat(100_000)).is_err());
        let blocks: Vec<String> = (0..500).map(|depth| format!("{}a:", " ".repeat(depth))).collect();
        assert!(parse(&blocks.join("\n")).is_err());
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let level = |level: usize| {
            let before = format!("*a{}, ", level - 1).repeat(10);
            format!("a{level}: &a{level} [{before}]")
        };
        let levels: Vec<String> = (1..12).map(level).collect();
        assert!(parse(&format!("a0: &a0 [x, x, x]\n{}", levels.join("\n"))).is_err());
    }

    #[test]
    fn a_mistake_says_where() {
        assert!(parse("a: [1").unwrap_err().contains("line"));
    }
}
