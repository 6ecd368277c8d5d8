//! The room in the answer: what is written, and what must stay free so that every later record can be
//! answered.

use edge::lambda::events::{FirehoseAnswer, FirehoseRecord};

/// How a record without a document is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailedForm {
    /// With its data, as Firehose asks.
    WithData,
    /// Without data, if even unchanged records would not fit. Such an event was made to be too large.
    WithoutData,
}

/// The answer's limit, minus the shortest answers of the records that are still to come.
#[derive(Debug)]
pub(crate) struct Budget {
    limit_bytes: usize,
    kept_free_bytes: usize,
    form: FailedForm,
}

impl Budget {
    /// Reserves room for every record as failed with its data or, if that is too much, without it.
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

    /// This record is about to be answered, so its room need not be reserved any more.
    pub(crate) fn turn_of(&mut self, record: &FirehoseRecord<'_>) {
        self.kept_free_bytes = self.kept_free_bytes.saturating_sub(self.shortest(record));
    }

    /// Whether an entry may be added to an answer of this length.
    pub(crate) fn has_room(&self, answer_bytes: usize, entry_bytes: usize) -> bool {
        answer_bytes + entry_bytes + self.kept_free_bytes <= self.limit_bytes
    }

    /// How failed records are answered in this batch.
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
