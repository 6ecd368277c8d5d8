//! One event to one answer: every record in turn, as long as there is room.

use crate::budget::{Budget, FailedForm};
use crate::typing::{Typed, Typing};
use crate::{RecordFailure, Report, TransformSettings};
use bytes::Bytes;
use edge::events::{FirehoseAnswer, FirehoseEvent, FirehoseRecord};
use record_model::Schema;

/// Answers batch after batch, using its buffers again.
pub struct Batch {
    typing: Typing,
    limit_bytes: usize,
    told_at_most: usize,
    /// The last answer: its memory is taken back once it has been sent.
    last_answer: Bytes,
}

/// A whole answer and what is to be said about it.
#[derive(Debug)]
pub struct Answered {
    /// The answer as Firehose reads it.
    pub bytes: Bytes,
    /// What became of the records.
    pub report: Report,
}

impl Batch {
    /// Answers by this schema.
    pub fn new(schema: Schema, settings: &TransformSettings) -> Self {
        Self {
            typing: Typing::new(schema, settings.destination),
            limit_bytes: settings.answer_limit_bytes,
            told_at_most: settings.logged_failures,
            last_answer: Bytes::new(),
        }
    }

    /// Answers each record of the event once, in its order, within the limit.
    pub fn answer(&mut self, event: &FirehoseEvent<'_>) -> Answered {
        let mut draft = Draft::new(self.spare_buffer(), self.limit_bytes, self.told_at_most, &event.records);
        self.typing.start_batch();
        for record in &event.records {
            let typed = self.typing.write(record);
            draft.report.record_bytes += self.typing.payload().len();
            draft.budget.turn_of(record);
            match typed {
                Ok(Typed::Documents) => draft.deliver(record, self.typing.documents()),
                Ok(Typed::Dropped) => draft.drop(record),
                Err(failure) => draft.fail(record, failure),
            }
        }
        let answered = draft.finish();
        self.last_answer = answered.bytes.clone();
        answered
    }

    /// The last answer's memory, or new if it is still on its way.
    fn spare_buffer(&mut self) -> Vec<u8> {
        let last = std::mem::take(&mut self.last_answer);
        last.try_into_mut().map(Vec::from).unwrap_or_default()
    }
}

/// An answer in the making.
struct Draft {
    answer: FirehoseAnswer,
    budget: Budget,
    report: Report,
    told_at_most: usize,
}

impl Draft {
    fn new(buffer: Vec<u8>, limit_bytes: usize, told_at_most: usize, records: &[FirehoseRecord<'_>]) -> Self {
        let answer = FirehoseAnswer::new(buffer);
        let budget = Budget::new(limit_bytes, answer.bytes(), records);
        let report = Report { limit_bytes, wanted_bytes: answer.bytes(), ..Report::default() };
        Self { answer, budget, report, told_at_most }
    }

    fn deliver(&mut self, record: &FirehoseRecord<'_>, documents: &[u8]) {
        let bytes = FirehoseAnswer::ok_bytes(record.record_id, documents, b"");
        self.report.wanted_bytes += bytes;
        if self.budget.has_room(self.answer.bytes(), bytes) {
            self.answer.ok(record.record_id, documents, b"");
            self.report.ok += 1;
        } else {
            self.write_failed(record, RecordFailure::NoRoom { bytes: documents.len() });
        }
    }

    fn drop(&mut self, record: &FirehoseRecord<'_>) {
        self.answer.dropped(record.record_id);
        self.report.dropped += 1;
    }

    fn fail(&mut self, record: &FirehoseRecord<'_>, failure: RecordFailure) {
        self.report.wanted_bytes += FirehoseAnswer::failed_bytes(record);
        self.write_failed(record, failure);
    }

    fn write_failed(&mut self, record: &FirehoseRecord<'_>, failure: RecordFailure) {
        match self.budget.form() {
            FailedForm::WithData => self.answer.failed(record),
            FailedForm::WithoutData => self.answer.failed_without_data(record),
        }
        self.report.fail(record, failure, self.told_at_most);
    }

    fn finish(mut self) -> Answered {
        let bytes = self.answer.finish();
        self.report.answer_bytes = bytes.len();
        Answered { bytes, report: self.report }
    }
}
