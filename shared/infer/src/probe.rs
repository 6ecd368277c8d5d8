//! The record model's own judgement of a value, by a schema of one field that is used again and again.

use record_model::{RecordContext, Schema};

/// A type, as a schema defines it.
pub(crate) struct Probe {
    schema: Schema,
    out: Vec<u8>,
}

impl Probe {
    /// Makes a probe of a field with these keys, such as `type = "integer"`; `None` if they don't make a
    /// field.
    pub(crate) fn new(keys: &str) -> Option<Self> {
        // Values must not be cut, and no text contains a unit separator.
        let head = "name = \"probe\"\nform = \"delimited\"\ndelimiter = \"\\u001f\"\nnull_tokens = []\n";
        let schema = Schema::parse(&format!("{head}[[fields]]\nname = \"v\"\n{keys}\n")).ok()?;
        Some(Self { schema, out: Vec::new() })
    }

    /// The value as typed JSON; `None` if the type refuses it.
    pub(crate) fn read(&mut self, text: &str) -> Option<&str> {
        self.out.clear();
        let context = RecordContext::default();
        self.schema.write_typed_json(text.as_bytes(), &context, &mut self.out).ok()?;
        std::str::from_utf8(&self.out).ok()?.strip_prefix("{\"v\":")?.strip_suffix('}')
    }

    /// Whether the type accepts a value.
    pub(crate) fn takes(&mut self, text: &str) -> bool {
        self.read(text).is_some()
    }
}
