//! Partition keys: from a field, from a template of fields, random, constant, or as a hash key.

use std::fmt::Write as _;

use record_model::keys::{self, parse_hash_key};
use record_model::{RecordContext, RecordError, Schema, Written};
use serde_json::Value;

use super::MAX_PARTITION_KEY_CHARS;

/// Where a record's partition key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRule {
    /// 64 random bits for each record. Records are spread evenly over any number of shards, without order.
    #[default]
    Random,
    /// The same key for all records, so that one shard takes everything in order.
    Constant(String),
    /// The value of a field of the typed document, such as `district` or `user.id`.
    Field(String),
    /// Text with fields in braces, such as `{district}-{beat}`.
    Template(String),
    /// The value of a field as an explicit hash key, a decimal number up to 2^128 - 1.
    HashKey(String),
}

/// The key of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) partition_key: String,
    pub(crate) explicit_hash_key: Option<u128>,
}

impl Key {
    pub(crate) fn hash_key(&self) -> u128 {
        self.explicit_hash_key.unwrap_or_else(|| keys::hash_key(&self.partition_key))
    }
}

/// Why a record has no partition key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key needs the value of a field, but the record does not fit its data set's schema.
    #[error("record has no key, since its schema refuses it")]
    Record(#[from] RecordError),
    /// The field has no value.
    #[error("record has no key, since field {field:?} has no value")]
    NoValue {
        /// The field.
        field: String,
    },
    /// The key is longer than Kinesis allows.
    #[error("partition key has {chars} characters, expected 1 to {MAX_PARTITION_KEY_CHARS}")]
    Length {
        /// Characters found.
        chars: usize,
    },
    /// The field's value is not a hash key.
    #[error("field {field:?} is not a hash key, expected a decimal number up to 2^128 - 1")]
    NotHashKey {
        /// The field.
        field: String,
    },
}

/// Why a rule can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRuleError {
    /// A brace has no partner.
    #[error("key template has a brace that is not closed")]
    Brace,
    /// The constant is empty or too long.
    #[error("constant key has {chars} characters, expected 1 to {MAX_PARTITION_KEY_CHARS}")]
    Constant {
        /// Characters found.
        chars: usize,
    },
}

/// Makes keys by one rule.
#[derive(Debug)]
pub(crate) struct Keyer {
    rule: Rule,
    schema: Schema,
    document: Vec<u8>,
}

#[derive(Debug)]
enum Rule {
    Random,
    Constant(String),
    Parts(Vec<Part>),
    HashKey(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

impl Keyer {
    pub(crate) fn new(rule: &KeyRule, schema: Schema) -> Result<Self, KeyRuleError> {
        let rule = match rule {
            KeyRule::Random => Rule::Random,
            KeyRule::Constant(key) => {
                checked(key.clone()).map_err(|chars| KeyRuleError::Constant { chars })?;
                Rule::Constant(key.clone())
            }
            KeyRule::Field(field) => Rule::Parts(vec![Part::Field(field.clone())]),
            KeyRule::Template(template) => Rule::Parts(parts(template)?),
            KeyRule::HashKey(field) => Rule::HashKey(field.clone()),
        };
        Ok(Self { rule, schema, document: Vec::new() })
    }

    pub(crate) fn is_random(&self) -> bool {
        matches!(self.rule, Rule::Random)
    }

    pub(crate) fn key(&mut self, payload: &[u8]) -> Result<Key, KeyError> {
        if let Rule::Random = self.rule {
            return Ok(random_key());
        }
        if let Rule::Constant(key) = &self.rule {
            return Ok(Key { partition_key: key.clone(), explicit_hash_key: None });
        }
        // A record that the schema drops is stored nowhere, so it may go to any shard. It is not a bad
        // record.
        let Some(document) = self.typed(payload)? else { return Ok(random_key()) };
        match &self.rule {
            Rule::Parts(parts) => {
                let mut key = String::new();
                for part in parts {
                    match part {
                        Part::Text(text) => key.push_str(text),
                        Part::Field(field) => push_value(&document, field, &mut key)?,
                    }
                }
                let partition_key = checked(key).map_err(|chars| KeyError::Length { chars })?;
                Ok(Key { partition_key, explicit_hash_key: None })
            }
            Rule::HashKey(field) => {
                let mut key = String::new();
                push_value(&document, field, &mut key)?;
                let hash_key =
                    parse_hash_key(&key).ok_or_else(|| KeyError::NotHashKey { field: field.clone() })?;
                Ok(Key { partition_key: key, explicit_hash_key: Some(hash_key) })
            }
            Rule::Random | Rule::Constant(_) => Ok(random_key()),
        }
    }

    /// The document of a payload; `None` where the schema drops it.
    fn typed(&mut self, payload: &[u8]) -> Result<Option<Value>, KeyError> {
        self.document.clear();
        let context = RecordContext::default();
        match self.schema.write_typed_json(payload, &context, &mut self.document)? {
            Written::Typed | Written::Mended => {
                Ok(Some(serde_json::from_slice(&self.document).unwrap_or(Value::Null)))
            }
            Written::Dropped => Ok(None),
        }
    }
}

pub(crate) fn random_key() -> Key {
    let mut partition_key = String::with_capacity(16);
    for byte in fastrand::u64(..).to_be_bytes() {
        let digits = [byte >> 4, byte & 0xF].map(|digit| char::from_digit(digit.into(), 16));
        partition_key.extend(digits.into_iter().flatten());
    }
    Key { partition_key, explicit_hash_key: None }
}

/// A key of 1 to 256 characters, or an error with the number of characters.
fn checked(key: String) -> Result<String, usize> {
    let chars = key.chars().count();
    if (1..=MAX_PARTITION_KEY_CHARS).contains(&chars) { Ok(key) } else { Err(chars) }
}

/// Appends a field's value. A name with dots may be a field's whole name or a path.
fn push_value(document: &Value, field: &str, key: &mut String) -> Result<(), KeyError> {
    let by_path = || field.split('.').try_fold(document, |value, name| value.get(name));
    let value = document.get(field).or_else(by_path).unwrap_or(&Value::Null);
    match value {
        Value::String(text) if !text.is_empty() => key.push_str(text),
        Value::Number(_) | Value::Bool(_) => {
            // Writing to a string can't fail.
            let _ = write!(key, "{value}");
        }
        _ => return Err(KeyError::NoValue { field: field.to_owned() }),
    }
    Ok(())
}

fn parts(template: &str) -> Result<Vec<Part>, KeyRuleError> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        let (field, after) = after.split_once('}').ok_or(KeyRuleError::Brace)?;
        parts.extend((!text.is_empty()).then(|| Part::Text(text.to_owned())));
        parts.push(Part::Field(field.to_owned()));
        rest = after;
    }
    if rest.contains('}') {
        return Err(KeyRuleError::Brace);
    }
    parts.extend((!rest.is_empty()).then(|| Part::Text(rest.to_owned())));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &[u8] = br#"{"first_name":"Ada","last_name":"Lovelace","age":36,"gender":"female"}"#;

    #[expect(clippy::needless_pass_by_value, reason = "the calls read better")]
    fn key(rule: KeyRule, payload: &[u8]) -> Result<Key, KeyError> {
        Keyer::new(&rule, Schema::built_in("users").unwrap()).unwrap().key(payload)
    }

    fn partition_key(rule: KeyRule) -> String {
        key(rule, ADA).unwrap().partition_key
    }

    #[test]
    fn a_key_is_made_as_its_rule_says() {
        assert_eq!(partition_key(KeyRule::Field("age".into())), "36");
        assert_eq!(partition_key(KeyRule::Constant("all".into())), "all");
        assert_eq!(partition_key(KeyRule::Template("{gender}/{age}!".into())), "female/36!");
        assert_ne!(partition_key(KeyRule::Random), partition_key(KeyRule::Random));
        let hashed = key(KeyRule::HashKey("age".into()), ADA).unwrap();
        assert_eq!(hashed.explicit_hash_key, Some(36));
    }

    #[test]
    fn a_record_without_the_value_has_no_key() {
        let none = key(KeyRule::Field("nickname".into()), ADA);
        assert_eq!(none, Err(KeyError::NoValue { field: "nickname".into() }));
        let no_number = key(KeyRule::HashKey("gender".into()), ADA);
        assert_eq!(no_number, Err(KeyError::NotHashKey { field: "gender".into() }));
        assert!(matches!(key(KeyRule::Field("age".into()), b"not json"), Err(KeyError::Record(_))));
        let long = key(KeyRule::Template(format!("{{age}}{}", "x".repeat(255))), ADA);
        assert_eq!(long, Err(KeyError::Length { chars: 257 }));
    }

    #[test]
    fn a_record_that_the_schema_drops_needs_no_value_for_its_key() {
        let toml = "name = \"t\"\nform = \"json\"\ndrop_when = [{ field = \"kind\", is = [\"noise\"] }]\n\
                    [[fields]]\nname = \"kind\"\ntype = \"string\"\n[[fields]]\nname = \"place\"\ntype = \"string\"\n";
        let rule = KeyRule::Field("place".into());
        let mut keyer = Keyer::new(&rule, Schema::parse(toml).unwrap()).unwrap();
        assert!(keyer.key(br#"{"kind":"noise"}"#).is_ok_and(|key| !key.partition_key.is_empty()));
        assert_eq!(keyer.key(br#"{"kind":"news"}"#), Err(KeyError::NoValue { field: "place".into() }));
    }

    #[test]
    fn rules_that_can_make_no_key_are_refused() {
        for template in ["{age", "age}", "{a}}"] {
            assert_eq!(parts(template), Err(KeyRuleError::Brace), "{template}");
        }
        let schema = Schema::built_in("users").unwrap();
        let refused = Keyer::new(&KeyRule::Constant(String::new()), schema).unwrap_err();
        assert_eq!(refused, KeyRuleError::Constant { chars: 0 });
    }
}
