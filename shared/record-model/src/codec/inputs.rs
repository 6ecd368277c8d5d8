//! Where the values of a record come from: a row, a JSON object or a CSV record.

use super::error::{Problem, RecordError};
use super::json_scan::NotJson;
use super::members::{Extras, Members};
use super::row::{Pieces, bare_row};
use super::value::Input;
use crate::schema::{ExtraFields, Field, MissingFields, Plan};

/// The most unnamed members that are collected from one record.
const MAX_COLLECTED: usize = 100_000;

/// The values of one record, asked for in the schema's order.
pub(super) trait Inputs<'a> {
    /// The value of the next field that comes from the payload; `index` counts those fields.
    fn next(&mut self, index: usize, field: &Field) -> Result<Input<'a>, RecordError>;

    /// Appends the next value as JSON; `false` and nothing appended where it is null.
    fn copy(&mut self, index: usize, field: &Field, out: &mut Vec<u8>) -> Result<bool, RecordError> {
        let input = self.next(index, field)?;
        field.copy(&input, out).map_err(|problem| self.error(problem, field, &input))
    }

    /// Makes an error of a value, with its place in the payload.
    fn error(&self, problem: Problem, field: &Field, input: &Input<'_>) -> RecordError;

    /// Whether a text was read with U+FFFD in place of an unpaired surrogate.
    fn is_mended(&self) -> bool {
        false
    }

    /// Checks the members that are left, and appends them if the schema collects them.
    fn finish(&mut self, plan: &Plan, out: &mut Vec<u8>) -> Result<(), RecordError>;
}

/// A delimited row.
pub(super) struct RowInputs<'a, 'p> {
    plan: &'p Plan,
    payload: &'a str,
    pieces: Pieces<'a, 'p>,
}

impl<'a, 'p> RowInputs<'a, 'p> {
    /// The pieces of a payload that is one row. Several rows are refused, since their fields would be mixed.
    #[inline]
    pub(super) fn new(plan: &'p Plan, payload: &'a str) -> Result<Self, RecordError> {
        let row = bare_row(payload);
        match plan.row.end_of_row(row) {
            None => Ok(Self { plan, payload, pieces: plan.row.pieces(row) }),
            Some(end) => {
                let byte = row.as_ptr().addr() - payload.as_ptr().addr() + end;
                Err(RecordError::of_record(Problem::SeveralRecords).at_byte(byte))
            }
        }
    }

    #[cold]
    fn found(&self) -> usize {
        self.plan.row.pieces(bare_row(self.payload)).count()
    }
}

impl<'a> Inputs<'a> for RowInputs<'a, '_> {
    /// The hot path: a piece of the row is copied to the output without an intermediate value.
    #[inline]
    fn copy(&mut self, index: usize, field: &Field, out: &mut Vec<u8>) -> Result<bool, RecordError> {
        if let Some(piece) = self.pieces.next_plain() {
            return field
                .copy_text(piece, out)
                .map_err(|problem| self.error(problem, field, &Input::Text(piece.into())));
        }
        let input = self.next(index, field)?;
        field.copy(&input, out).map_err(|problem| self.error(problem, field, &input))
    }

    #[cold]
    fn error(&self, problem: Problem, field: &Field, input: &Input<'_>) -> RecordError {
        field_error(problem, field, input, self.payload)
    }

    fn next(&mut self, _index: usize, field: &Field) -> Result<Input<'a>, RecordError> {
        match self.pieces.next() {
            Ok(Some(piece)) => Ok(Input::Text(piece)),
            Ok(None) if self.plan.missing_fields == MissingFields::Ignore => Ok(Input::Missing),
            Ok(None) => {
                let (found, expected) = (self.found(), self.plan.payload_fields);
                Err(RecordError::of_record(Problem::TooFewFields { found, expected }))
            }
            Err(problem) => Err(RecordError::of_field(problem, &field.name, None, "")),
        }
    }

    #[inline]
    fn finish(&mut self, plan: &Plan, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let first = self.pieces.next().map_err(RecordError::of_record)?;
        let Some(first) = first else { return Ok(()) };
        match plan.extra_fields {
            ExtraFields::Ignore => Ok(()),
            ExtraFields::Fail => {
                let (found, expected) = (self.found(), plan.payload_fields);
                Err(RecordError::of_record(Problem::TooManyFields { found, expected }))
            }
            ExtraFields::Collect => {
                plan.open_extras(b'[', out);
                let mut extra = Some(first);
                while let Some(piece) = extra {
                    super::json_text::write_string(&piece, out);
                    extra = self.pieces.next().map_err(RecordError::of_record)?;
                    out.extend_from_slice(if extra.is_some() { b"," } else { b"]" });
                }
                Ok(())
            }
        }
    }
}

/// A JSON object.
pub(super) struct JsonInputs<'a, 'p> {
    plan: &'p Plan,
    payload: &'a str,
    members: Members<'a>,
}

impl<'a, 'p> JsonInputs<'a, 'p> {
    pub(super) fn new(plan: &'p Plan, payload: &'a str) -> Result<Self, RecordError> {
        let most_extras = match plan.extra_fields {
            ExtraFields::Ignore => None,
            ExtraFields::Fail => Some(1),
            ExtraFields::Collect => Some(MAX_COLLECTED),
        };
        let members = plan.paths.read(payload, most_extras);
        let members = members.map_err(|NotJson { at_byte, is_another }| {
            let problem = if is_another { Problem::SeveralRecords } else { Problem::NotJson };
            RecordError::of_record(problem).at_byte(at_byte)
        })?;
        Ok(Self { plan, payload, members })
    }
}

impl<'a> Inputs<'a> for JsonInputs<'a, '_> {
    fn error(&self, problem: Problem, field: &Field, input: &Input<'_>) -> RecordError {
        field_error(problem, field, input, self.payload)
    }

    fn is_mended(&self) -> bool {
        self.members.is_mended.get()
    }

    fn next(&mut self, index: usize, field: &Field) -> Result<Input<'a>, RecordError> {
        let fail = |problem| RecordError::of_field(problem, &field.name, None, "");
        let input = self.plan.paths.input(index, &self.members);
        match (&input, self.plan.missing_fields) {
            (Input::Missing, MissingFields::Fail) => Err(fail(Problem::MissingField)),
            _ => Ok(input),
        }
    }

    fn finish(&mut self, plan: &Plan, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let Some(Extras { found: extras, is_over, .. }) = self.members.extras.take() else { return Ok(()) };
        if let (ExtraFields::Fail, Some((name, _))) = (plan.extra_fields, extras.first()) {
            return Err(RecordError::of_field(Problem::UnknownField, name, None, ""));
        }
        if is_over {
            return Err(RecordError::of_record(Problem::TooManyExtras { limit: MAX_COLLECTED }));
        }
        if extras.is_empty() {
            return Ok(());
        }
        plan.open_extras(b'{', out);
        for (index, (name, json)) in extras.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            super::json_text::write_string(name, out);
            out.push(b':');
            if super::json_text::write_compact(json, out) {
                self.members.is_mended.set(true);
            }
        }
        out.push(b'}');
        Ok(())
    }
}

/// An error of one value, with its place in the payload if the value still points there.
#[cold]
pub(super) fn field_error(problem: Problem, field: &Field, input: &Input<'_>, payload: &str) -> RecordError {
    let text = input.text();
    let byte = text.as_ptr().addr().checked_sub(payload.as_ptr().addr()).filter(|at| *at <= payload.len());
    RecordError::of_field(problem, &field.name, byte.filter(|_| *input != Input::Missing), text)
}

impl Plan {
    fn open_extras(&self, bracket: u8, out: &mut Vec<u8>) {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        super::json_text::write_string(&self.extra_name, out);
        out.extend_from_slice(&[b':', bracket]);
    }
}
