//! `DELIVERY=batch`: one object for each start, which each later attempt from that start replaces.

use super::records::Records;
use super::s3::{ETag, Key, Object, Reply, Request, S3};
use super::world::Protocol;

/// The protocol, and the ways to get it wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchLevel {
    Right,
    /// Puts without a condition.
    Unconditional,
    /// Two attempts over the same records write the same bytes, so the same `ETag`.
    SharedBytes,
    /// Replaces whatever is there, a later attempt's object too.
    Unfenced,
    /// Writes nothing where every record of the done range is poison.
    SkipsEmptyObjects,
    /// Keeps the object of an earlier attempt instead of replacing it.
    KeepsFirst,
    /// Acknowledges a poison record without its copy in quarantine.
    DropsPoison,
}

/// The record that can't be decoded.
pub(crate) const POISON: Records = Records(0b10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Begun { batch: Records },
    Quarantining { start: Key, done: Records },
    Quarantined { start: Key, done: Records },
    Writing { start: Key, done: Records },
    Refused { start: Key, done: Records },
    Answered { first_failed: u32 },
}

impl BatchLevel {
    fn object(self, attempt: usize, done: Records) -> Object {
        let lines = done.minus(POISON);
        let etag: ETag =
            if self == Self::SharedBytes { lines.0.into() } else { u32::try_from(attempt).unwrap() };
        Object { etag, writer: attempt, lines, first: done.first(), end: done.end() }
    }

    fn first_write(self, attempt: usize, start: Key, done: Records) -> (Phase, Option<Request>) {
        let object = self.object(attempt, done);
        match self {
            Self::SkipsEmptyObjects if object.lines.is_empty() => (answer(done), None),
            Self::Unconditional => (Phase::Writing { start, done }, Some(Request::Overwrite(start, object))),
            _ => (Phase::Writing { start, done }, Some(Request::Create(start, object))),
        }
    }

    fn write_again(self, attempt: usize, start: Key, done: Records, s3: &S3) -> (Phase, Option<Request>) {
        let Some(seen) = s3.enriched.get(&start) else { return self.first_write(attempt, start, done) };
        if self == Self::KeepsFirst {
            return (answer(done), None);
        }
        if self != Self::Unfenced && seen.writer > attempt {
            return (Phase::Answered { first_failed: start }, None);
        }
        let replace = Request::Replace(start, seen.etag, self.object(attempt, done));
        (Phase::Writing { start, done }, Some(replace))
    }
}

/// All of the batch below the end of `done` is written; what lies above it is reported.
fn answer(done: Records) -> Phase {
    Phase::Answered { first_failed: done.end() }
}

impl Protocol for BatchLevel {
    type Phase = Phase;

    fn begin(&self, batch: Records) -> Phase {
        Phase::Begun { batch }
    }

    fn looks_or_chooses(&self, phase: &Phase) -> bool {
        matches!(phase, Phase::Begun { .. } | Phase::Refused { .. })
    }

    fn steps(&self, attempt: usize, phase: &Phase, s3: &S3) -> Vec<(Phase, Option<Request>)> {
        match *phase {
            Phase::Begun { batch } => (0..=batch.len())
                .map(|count| {
                    let (start, done) = (batch.first(), batch.take(count));
                    match (count, done.and(POISON).is_empty() || *self == Self::DropsPoison) {
                        (0, _) => (Phase::Answered { first_failed: start }, None),
                        (_, true) => (Phase::Quarantined { start, done }, None),
                        _ => (Phase::Quarantining { start, done }, Some(Request::Quarantine(POISON))),
                    }
                })
                .collect(),
            Phase::Quarantined { start, done } => vec![self.first_write(attempt, start, done)],
            Phase::Refused { start, done } => vec![self.write_again(attempt, start, done, s3)],
            Phase::Quarantining { .. } | Phase::Writing { .. } | Phase::Answered { .. } => Vec::new(),
        }
    }

    fn on_reply(&self, phase: &Phase, reply: Reply) -> Phase {
        match (*phase, reply) {
            (Phase::Quarantining { start, done }, _) => Phase::Quarantined { start, done },
            (Phase::Writing { start, done }, Reply::Refused) => Phase::Refused { start, done },
            (Phase::Writing { done, .. }, Reply::Done) => answer(done),
            (phase, _) => phase,
        }
    }

    fn answer(&self, phase: &Phase) -> Option<u32> {
        if let Phase::Answered { first_failed } = *phase { Some(first_failed) } else { None }
    }
}
