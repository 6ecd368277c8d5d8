//! One payload for two readers: scanned once, it gives first its text and then its document.

use super::context::{RecordContext, TextOf, Written};
use super::document::utf8;
use super::error::RecordError;
use super::inputs::{JsonInputs, RowInputs};
use crate::schema::{Form, Plan};

/// A payload whose members were found by [`crate::Schema::open`].
pub struct OpenedPayload<'a, 's> {
    plan: &'s Plan,
    text: &'a str,
    /// The members of a JSON payload; a row is cut while it is read.
    members: Option<JsonInputs<'a, 's>>,
}

impl Plan {
    pub(crate) fn open<'a, 's>(&'s self, payload: &'a [u8]) -> Result<OpenedPayload<'a, 's>, RecordError> {
        let text = utf8(payload)?;
        let members = match self.form {
            Form::Delimited => None,
            Form::Json => Some(JsonInputs::new(self, text)?),
        };
        Ok(OpenedPayload { plan: self, text, members })
    }
}

impl<'a> OpenedPayload<'a, '_> {
    /// Returns the text to enrich, and the language and time that the record itself names. Only those fields
    /// are checked.
    pub fn text_of(&mut self) -> Result<TextOf<'a>, RecordError> {
        match &mut self.members {
            None => self.plan.text_from(&mut RowInputs::new(self.plan, self.text)?, self.text),
            Some(members) => self.plan.text_from(members, self.text),
        }
    }

    /// Does what [`crate::Schema::write_typed_json`] does.
    pub fn write_typed_json(
        mut self,
        context: &RecordContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Written, RecordError> {
        match &mut self.members {
            None => {
                let row = &mut RowInputs::new(self.plan, self.text)?;
                self.plan.write_document_of(row, self.text.as_bytes(), context, out)
            }
            Some(members) => self.plan.write_document_of(members, self.text.as_bytes(), context, out),
        }
    }
}
