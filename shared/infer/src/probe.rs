//! The record model's own judgement of one value: a schema of one field, asked again and again.

use record_model::{RecordContext, Schema};

/// A type, as a schema has it.
pub(crate) struct Probe {
    schema: Schema,
    out: Vec<u8>,
}

impl Probe {
    /// A field of these keys, such as `type = "integer"`; `None` where they are no field.
    pub(crate) fn new(keys: &str) -> Option<Self> {
        // Values are cut nowhere: none that is no text for sure holds a unit separator.
        let head = "name = \"probe\"\nform = \"delimited\"\ndelimiter = \"\\u001f\"\nnull_tokens = []\n";
        let schema = Schema::parse(&format!("{head}[[fields]]\nname = \"v\"\n{keys}\n")).ok()?;
        Some(Self { schema, out: Vec::new() })
    }

    /// The value as typed JSON; `None` where the type refuses it.
    pub(crate) fn read(&mut self, text: &str) -> Option<&str> {
        self.out.clear();
        let context = RecordContext::default();
        self.schema.write_typed_json(text.as_bytes(), &context, &mut self.out).ok()?;
        std::str::from_utf8(&self.out).ok()?.strip_prefix("{\"v\":")?.strip_suffix('}')
    }

    /// Whether the type takes a value.
    pub(crate) fn takes(&mut self, text: &str) -> bool {
        self.read(text).is_some()
    }
}
