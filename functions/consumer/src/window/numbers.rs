//! Reads the numbers in a JSON object, by dotted path, without building the object.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The most numbers that are taken from one object.
const MAX_NUMBERS: usize = 64;

/// Paths such as `user.followers`, each with its number. Arrays are skipped.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Numbers(pub(crate) Vec<(String, f64)>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut numbers = Vec::new();
        Collect { path: &mut String::new(), numbers: &mut numbers }.deserialize(deserializer)?;
        Ok(Self(numbers))
    }
}

struct Collect<'c> {
    path: &'c mut String,
    numbers: &'c mut Vec<(String, f64)>,
}

impl Collect<'_> {
    fn take(self, number: f64) {
        if self.numbers.len() < MAX_NUMBERS && !self.path.is_empty() {
            self.numbers.push((self.path.clone(), number));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Collect<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            let outer = self.path.len();
            if outer > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
            map.next_value_seed(Collect { path: &mut *self.path, numbers: &mut *self.numbers })?;
            self.path.truncate(outer);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    #[allow(clippy::cast_precision_loss)] // an average of numbers over 2^53 has no digits there
    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.take(number as f64);
        Ok(())
    }

    #[allow(clippy::cast_precision_loss)] // as above
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.take(number as f64);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.take(number);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_at_any_depth_and_nothing_else_is() {
        let json = r#"{"a":1,"b":{"c":-2.5,"d":"3","e":[4,{"f":5}]},"g":null,"h":true,"i\n":6}"#;
        let Numbers(found) = serde_json::from_str(json).unwrap();
        assert_eq!(found, [("a".to_owned(), 1.0), ("b.c".to_owned(), -2.5), ("i\n".to_owned(), 6.0)]);
    }
}
