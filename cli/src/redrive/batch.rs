//! Feeds batches that were given up again, by invoking their function with the original event.
//!
//! At the batch level, the function replaces what an earlier attempt left, from the same start. At the ledger level,
//! the function asks which records are stored already, and is then invoked with the first run of records that are not.

use std::time::Duration;

use edge::aws::kinesis_reader::ReaderError;
use edge::aws::lambda::{InvokeError, Invoker};
use edge::lambda::events::{Redrive, RedriveAnswer, ToScan};
use edge::store::StoreError;
use record_model::keys::SequenceNumber;

use super::coverage::Coverage;
use super::event::{EventError, EventRecord, marked, records};
use super::fetch;
use super::marks::{MarkError, Marks, Step};
use crate::failed::GivenUp;
use crate::place::Place;

/// The number of invocations in a row that store nothing after which a batch is left for another redrive.
const MAX_STALLS: u32 = 5;
const STALL_PAUSE: Duration = Duration::from_millis(500);

/// Feeds batches, one after the other.
pub(super) struct Batches<'a> {
    place: &'a Place,
    invoker: Invoker,
    /// The function to invoke instead of each batch's own, if one was named.
    function: Option<&'a str>,
    look: Option<Coverage>,
}

/// The reason why a batch is not, or not completely, stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("function {function}")]
    Invoke { function: String, source: InvokeError },
    #[error(
        "function {function} does not know redrives: deploy the consumer of this release, then redrive again"
    )]
    Unknown { function: String },
    #[error("function {function} stored nothing in {MAX_STALLS} tries; its log says why")]
    Stalled { function: String },
    #[error("what is stored can't be looked at")]
    Look(#[from] StoreError),
    #[error("{0}")]
    Bucket(String),
    #[error(transparent)]
    Mark(#[from] MarkError),
    #[error("its records can't be read from the stream")]
    Read(#[from] ReaderError),
    #[error("its records have left the stream: the oldest of them, {0}, is not there any more")]
    Gone(String),
}

enum Answer {
    /// This many records, from the first on, are stored.
    Stored(usize),
    ToScan(ToScan),
}

impl<'a> Batches<'a> {
    pub(super) fn new(place: &'a Place, invoker: Invoker, function: Option<&'a str>) -> Self {
        Self { place, invoker, function, look: None }
    }

    /// Feeds a batch until all of it is stored, beginning with the record that an earlier redrive reached. Each step is
    /// noted before the next record is fed, because at the batch level an object then begins at that record, and a
    /// later redrive that began before it would store records twice.
    pub(super) async fn feed(
        &mut self,
        given_up: &GivenUp,
        from: Option<&str>,
        (marks, step): (&mut Marks, &mut Step),
    ) -> Result<(), BatchError> {
        let function = self.function.unwrap_or_else(|| given_up.function()).to_owned();
        let all = match &given_up.payload {
            Some(payload) => records(payload)?,
            None => fetch::batch(self.place, given_up).await?,
        };
        let start =
            from.and_then(|from| all.iter().position(|record| record.kinesis.sequence_number == from));
        let mut rest = all.get(start.unwrap_or(0)..).unwrap_or_default();
        let mut stalls = 0;
        while !rest.is_empty() {
            let stored = self.feed_some(&function, rest).await?;
            rest = rest.get(stored..).unwrap_or_default();
            stalls = if stored == 0 { stalls + 1 } else { 0 };
            match rest.first() {
                Some(_) if stalls == MAX_STALLS => return Err(BatchError::Stalled { function }),
                Some(_) if stored == 0 => tokio::time::sleep(STALL_PAUSE * stalls).await,
                Some(next) => marks.reach(step, &next.kinesis.sequence_number).await?,
                None => {}
            }
        }
        Ok(())
    }

    /// Feeds some records, and returns how many are stored now, from the first on.
    async fn feed_some(&mut self, function: &str, rest: &[EventRecord]) -> Result<usize, BatchError> {
        match self.invoke(function, rest, None).await? {
            Answer::Stored(stored) => Ok(stored),
            Answer::ToScan(to_scan) => self.feed_missing(function, rest, to_scan).await,
        }
    }

    async fn feed_missing(
        &mut self,
        function: &str,
        rest: &[EventRecord],
        to_scan: ToScan,
    ) -> Result<usize, BatchError> {
        let decided: Option<SequenceNumber> = to_scan.decided.parse().ok();
        let numbers = rest.iter().map(EventRecord::number).collect::<Result<Vec<_>, _>>()?;
        let numbers: Vec<_> = numbers
            .into_iter()
            .take_while(|number| decided.as_ref().is_some_and(|decided| number <= decided))
            .collect();
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return Ok(0) };
        let since_ms = rest.first().map_or(0, EventRecord::arrived_at_ms);
        let mut look = self.look(to_scan, last, since_ms).await?;
        let stored = numbers.iter().take_while(|number| look.has(number)).count();
        if stored > 0 {
            self.look = Some(look);
            return Ok(stored);
        }
        let run = numbers.iter().take_while(|number| !look.has(number)).count();
        let records = rest.get(..run).unwrap_or_default();
        // If another redrive was faster, or it is unknown what this one stored, the stored objects are read again.
        let Answer::Stored(stored) = self.invoke(function, records, Some(look.redriven())).await? else {
            return Ok(0);
        };
        if let Some(last) = stored.checked_sub(1).and_then(|index| numbers.get(index)) {
            look.filled(first.clone(), last.clone());
            self.look = Some(look);
        }
        Ok(stored)
    }

    /// Returns what was last read of the stored objects if it is still valid, or else reads them again.
    async fn look(
        &mut self,
        of: ToScan,
        last: &SequenceNumber,
        since_ms: i64,
    ) -> Result<Coverage, BatchError> {
        if let Some(look) = self.look.take().filter(|look| look.still_tells(&of, last, since_ms)) {
            return Ok(look);
        }
        let store = self.place.bucket(&of.bucket).map_err(|error| BatchError::Bucket(error.to_string()))?;
        Ok(Coverage::scan(&store, of, since_ms).await?)
    }

    async fn invoke(
        &self,
        function: &str,
        records: &[EventRecord],
        scanned: Option<u64>,
    ) -> Result<Answer, BatchError> {
        let event = marked(records, Redrive { scanned })?;
        let failed = |source| BatchError::Invoke { function: function.to_owned(), source };
        let body = self.invoker.invoke(function, event.into()).await.map_err(failed)?;
        let answer: RedriveAnswer = serde_json::from_slice(&body).unwrap_or_default();
        if !answer.redriven {
            return Err(BatchError::Unknown { function: function.to_owned() });
        }
        if let Some(to_scan) = answer.redrive {
            return Ok(Answer::ToScan(to_scan));
        }
        let failures =
            answer.failures.ok_or_else(|| BatchError::Unknown { function: function.to_owned() })?;
        let is_named = |record: &EventRecord| {
            failures.iter().any(|failure| failure.sequence_number == record.kinesis.sequence_number)
        };
        if failures.is_empty() {
            return Ok(Answer::Stored(records.len()));
        }
        // A sequence number that is not in the batch counts as a failure of the whole batch.
        Ok(Answer::Stored(records.iter().position(is_named).unwrap_or(0)))
    }
}
