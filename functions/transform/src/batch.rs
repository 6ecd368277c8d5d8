//! Makes one answer from one event: record after record, as long as there is room.

use crate::budget::{Budget, FailedForm};
use crate::reingest::{HopLimit, PutBack};
use crate::routing::{Routing, RoutingError};
use crate::typing::{Typed, Typing};
use crate::{Failed, RecordFailure, Report, TransformSettings};
use bytes::Bytes;
use edge::lambda::events::{FirehoseAnswer, FirehoseEvent, FirehoseRecord};
use edge::put_records::Entry;
use record_model::Schema;
use std::collections::HashSet;

/// Answers batch after batch, and reuses its buffers.
pub struct Batch {
    typing: Typing,
    routing: Routing,
    hop_limit: Option<HopLimit>,
    limit_bytes: usize,
    /// The last answer. Its memory is reused once it has been sent.
    last_answer: Bytes,
}

/// A complete answer, and what is reported about it.
#[derive(Debug)]
pub struct Answered {
    /// The answer as Firehose reads it.
    pub bytes: Bytes,
    /// What happened to the records.
    pub report: Report,
}

impl Batch {
    /// Makes a batch for this schema, which must fit the destination.
    pub fn new(schema: Schema, settings: &TransformSettings) -> Result<Self, RoutingError> {
        let routing = Routing::new(&schema, settings)?;
        Ok(Self {
            typing: Typing::new(schema, settings.envelope, settings.destination),
            routing,
            hop_limit: settings.reingest_stream.is_some().then(|| HopLimit::new(settings.max_hops)),
            limit_bytes: settings.answer_limit_bytes,
            last_answer: Bytes::new(),
        })
    }

    /// Answers each record of the event once, in order and within the limit.
    pub fn answer(&mut self, event: &FirehoseEvent<'_>) -> Answered {
        let draft = self.draft(event);
        self.finish(draft, event, &HashSet::new())
    }

    /// The answer, in which records that may be put back on their stream stand as failed for now.
    pub(crate) fn draft(&mut self, event: &FirehoseEvent<'_>) -> Draft {
        let mut draft = Draft::new(self.spare_buffer(), self.limit_bytes, &event.records);
        draft.hop_limit = self.hop_limit.filter(|_| event.is_from_stream());
        self.typing.start_batch(event);
        self.routing.start_batch();
        for (index, record) in event.records.iter().enumerate() {
            let typed = self.typing.write(record);
            draft.report.record_bytes += self.typing.payload().len();
            draft.budget.turn_of(record);
            match typed {
                Ok(Typed::Documents) => self.deliver(&mut draft, index, record),
                Ok(Typed::Dropped) => draft.drop(record),
                Err(failure) => draft.fail(index, record, failure),
            }
        }
        draft.report.partitions = self.routing.partitions();
        draft.report.empty_partition_keys = self.routing.empty_keys();
        draft
    }

    /// Completes an answer: records that were put back (by index) are dropped, and others that might have
    /// been are failed.
    pub(crate) fn finish(
        &mut self,
        draft: Draft,
        event: &FirehoseEvent<'_>,
        put_back: &HashSet<usize>,
    ) -> Answered {
        let answered = draft.finish(event, put_back);
        self.last_answer = answered.bytes.clone();
        answered
    }

    fn deliver(&mut self, draft: &mut Draft, index: usize, record: &FirehoseRecord<'_>) {
        let documents = self.typing.documents();
        let metadata = match self.routing.route(self.typing.schema(), documents) {
            Ok(metadata) => metadata,
            Err(failure) => return draft.fail(index, record, failure),
        };
        let bytes = FirehoseAnswer::ok_bytes(record.record_id, documents, metadata);
        draft.report.wanted_bytes += bytes;
        if draft.budget.has_room(draft.answer.bytes(), bytes) {
            draft.answer.ok(record.record_id, documents, metadata);
            draft.report.ok += 1;
            draft.report.mended += usize::from(self.typing.is_mended());
        } else {
            let (payload, hops) = (self.typing.payload(), self.typing.hops());
            let frame = draft.hop_limit.and_then(|limit| limit.put_back(record, payload, hops));
            draft.leave_out(index, record, documents.len(), frame);
        }
    }

    /// The last answer's memory, or new memory if that answer is still being sent.
    fn spare_buffer(&mut self) -> Vec<u8> {
        let Ok(mut buffer) = std::mem::take(&mut self.last_answer).try_into_mut() else { return Vec::new() };
        // The buffer is emptied first, so that its bytes need not be moved to the front.
        buffer.clear();
        buffer.into()
    }
}

/// An answer that is being written.
pub(crate) struct Draft {
    answer: FirehoseAnswer,
    budget: Budget,
    report: Report,
    hop_limit: Option<HopLimit>,
    left_out: Vec<PutBack>,
}

impl Draft {
    fn new(buffer: Vec<u8>, limit_bytes: usize, records: &[FirehoseRecord<'_>]) -> Self {
        let answer = FirehoseAnswer::new(buffer);
        let budget = Budget::new(limit_bytes, answer.bytes(), records);
        let report = Report { limit_bytes, wanted_bytes: answer.bytes(), ..Report::default() };
        Self { answer, budget, report, hop_limit: None, left_out: Vec::new() }
    }

    /// The records that may be put back on their stream.
    pub(crate) fn left_out(&self) -> &[PutBack] {
        &self.left_out
    }

    fn drop(&mut self, record: &FirehoseRecord<'_>) {
        self.answer.dropped(record.record_id);
        self.report.wanted_bytes += FirehoseAnswer::dropped_bytes(record.record_id);
        self.report.dropped += 1;
    }

    fn fail(&mut self, index: usize, record: &FirehoseRecord<'_>, failure: RecordFailure) {
        self.report.wanted_bytes += FirehoseAnswer::failed_bytes(record);
        self.report.failed.push(Failed { index, failure });
        self.write_failed(record);
    }

    /// A record whose documents have no room: failed, unless it can go back to its stream.
    fn leave_out(&mut self, index: usize, record: &FirehoseRecord<'_>, bytes: usize, frame: Option<Entry>) {
        let answer_entry = self.write_failed(record);
        if let Some(frame) = frame {
            self.left_out.push(PutBack { index, answer_entry, document_bytes: bytes, frame });
        } else {
            self.report.failed.push(Failed { index, failure: RecordFailure::NoRoom { bytes } });
        }
    }

    fn write_failed(&mut self, record: &FirehoseRecord<'_>) -> std::ops::Range<usize> {
        match self.budget.form() {
            FailedForm::WithData => self.answer.failed(record),
            FailedForm::WithoutData => self.answer.failed_without_data(record),
        }
    }

    fn finish(mut self, event: &FirehoseEvent<'_>, put_back: &HashSet<usize>) -> Answered {
        for PutBack { index, answer_entry, document_bytes: bytes, .. } in self.left_out {
            let Some(record) = event.records.get(index) else { continue };
            if put_back.contains(&index) {
                self.answer.drop_after_all(record.record_id, answer_entry);
                self.report.reingested += 1;
            } else {
                self.report.failed.push(Failed { index, failure: RecordFailure::NoRoom { bytes } });
            }
        }
        let bytes = self.answer.finish();
        self.report.answer_bytes = bytes.len();
        Answered { bytes, report: self.report }
    }
}
