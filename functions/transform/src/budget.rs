//! Room in the answer: what is written, and what must stay free so that every later record can be answered.

use edge::lambda::events::{FirehoseAnswer, FirehoseRecord};

/// How a record without a document is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailedForm {
    /// With its data, as Firehose asks.
    WithData,
    /// Without, where even untouched records would not fit: the event was made to be too large.
    WithoutData,
}

/// The answer's limit, less the shortest answers of the records still to come.
#[derive(Debug)]
pub(crate) struct Budget {
    limit_bytes: usize,
    kept_free_bytes: usize,
    form: FailedForm,
}

impl Budget {
    /// Keeps room for every record failed with its data or, where that is too much, without.
    pub(crate) fn new(limit_bytes: usize, empty_bytes: usize, records: &[FirehoseRecord<'_>]) -> Self {
        let with_data: usize = records.iter().map(FirehoseAnswer::failed_bytes).sum();
        let form = if empty_bytes + with_data <= limit_bytes {
            FailedForm::WithData
        } else {
            FailedForm::WithoutData
        };
        let kept_free_bytes = match form {
            FailedForm::WithData => with_data,
            FailedForm::WithoutData => records.iter().map(FirehoseAnswer::shortest_bytes).sum(),
        };
        Self { limit_bytes, kept_free_bytes, form }
    }

    /// This record is to be answered now: its room need not be kept any more.
    pub(crate) fn turn_of(&mut self, record: &FirehoseRecord<'_>) {
        self.kept_free_bytes = self.kept_free_bytes.saturating_sub(self.shortest(record));
    }

    /// Whether an entry may be added to an answer that has this length.
    pub(crate) fn has_room(&self, answer_bytes: usize, entry_bytes: usize) -> bool {
        answer_bytes + entry_bytes + self.kept_free_bytes <= self.limit_bytes
    }

    /// How the failed are answered in this batch.
    pub(crate) fn form(&self) -> FailedForm {
        self.form
    }

    fn shortest(&self, record: &FirehoseRecord<'_>) -> usize {
        match self.form {
            FailedForm::WithData => FirehoseAnswer::failed_bytes(record),
            FailedForm::WithoutData => FirehoseAnswer::shortest_bytes(record),
        }
    }
}
