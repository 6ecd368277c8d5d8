//! Sends a delivery stream's documents to the index, and those that are refused to the bucket.

use std::sync::Arc;

use bytes::Bytes;
use edge::opensearch::OpenSearchError;

use super::document::{Document, without_line_end};
use super::refusal::Refusal;
use crate::aws::clock::Moment;
use crate::aws::event::Event;
use crate::aws::firehose::DeliveryError;
use crate::aws::firehose::apart::UserRecord;
use crate::aws::firehose::buffer::{Entry, Place};
use crate::aws::firehose::delivery::Delivery;
use crate::aws::firehose::step::{Action, Errand};

/// The error type in the prefix of documents that could not be indexed, as `S3BackupMode` documents it.
/// <https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonopensearchserviceDestinationConfiguration.html>
const FAILED: &str = "AmazonOpenSearchService-failed";
/// The code under which a run counts refused documents.
const CODE: &str = "OpenSearch.Refused";

impl Delivery {
    /// Adds the document that a record became. A document that can't be in a bulk request is refused.
    pub(in crate::aws::firehose) fn index(
        &mut self,
        now: Moment,
        record: &UserRecord,
        data: &Bytes,
    ) -> Result<(), DeliveryError> {
        let document = Document::new(record, without_line_end(data));
        if let Some(fault) = document.fault() {
            let fault = fault.to_owned();
            let refusal = Refusal {
                attempts: 0,
                code: "InvalidDocument".to_owned(),
                reason: fault.clone(),
                kind: fault,
            };
            return self.refuse(now, &document, &refusal);
        }
        if let Some(search) = &mut self.search {
            search.push(now, document);
        }
        Ok(())
    }

    /// Begins the requests that are due.
    pub(in crate::aws::firehose) fn request(&mut self, now: Moment, actions: &mut Vec<Action>) {
        let Some(search) = &mut self.search else { return };
        while let Some((number, lines)) = search.begin(now) {
            actions.push(Action::Do(Errand::Index { number, lines }));
        }
    }

    /// Handles the answer to a request.
    pub(in crate::aws::firehose) fn indexed(
        &mut self,
        now: Moment,
        number: u64,
        answer: Result<Bytes, OpenSearchError>,
        actions: &mut Vec<Action>,
    ) -> Result<(), DeliveryError> {
        let Some(search) = &mut self.search else { return Ok(()) };
        let ended = search.answered(now, number, answer);
        let delivery = Arc::clone(&self.rules.name);
        if let Some(reason) = ended.again {
            let message = format!("{delivery}: documents are not indexed yet, and are tried again: {reason}");
            actions.push(Action::Tell(Event::Warning { message }));
        }
        if !ended.indexed.is_empty() {
            let records = ended.indexed.len() as u64;
            actions.push(Action::Tell(Event::Indexed { delivery, records }));
        }
        self.ended(ended.indexed.into_iter().map(|origin| (origin, 1)));
        ended.refused.iter().try_for_each(|(document, refusal)| self.refuse(now, document, refusal))
    }

    /// Writes a refused document to the error objects, with the reason. Events get nothing of its content.
    fn refuse(&mut self, now: Moment, document: &Document, refusal: &Refusal) -> Result<(), DeliveryError> {
        let Some(search) = &self.search else { return Ok(()) };
        let index = search.rules.index_of(document);
        let line = refusal.line(document, (&*index, search.rules.gives_ids), now)?;
        let message = format!("{} {}", refusal.code, refusal.kind);
        let failure = Some((CODE, message.as_str()));
        let entry = Entry { origin: document.origin, arrived_at: document.arrived_at, data: &line, failure };
        self.push(now, Place::Errors(FAILED), entry);
        Ok(())
    }
}
