//! `DELIVERY=ledger`: a chain of objects, each of whose keys is agreed on before it is written, and which are
//! never replaced.

use super::batch_level::POISON;
use super::records::Records;
use super::redrive::{self, Redrive};
use super::s3::{Key, Ledger, Object, Reply, Request, S3};
use super::world::Protocol;

/// The protocol, and the ways to get it wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerLevel {
    Right,
    /// Copies poison records to quarantine after the object that covers them.
    QuarantinesLast,
    /// Writes to a key of its own, not to the one the ledger agreed on.
    OwnKey,
    /// Counts the records as done in the ledger before their object exists.
    MovesBeforeWriting,
    /// Moves the ledger without a condition.
    MovesUnconditionally,
    /// Finds its object written by another attempt and reports its own range.
    TrustsItsOwnRange,
    /// Redrives as it would deliver: what is decided is skipped.
    RedrivesAsUsual,
    /// Redrives all of a batch, whatever of it is stored.
    RedrivesAll,
    /// Redrives records that are not decided beside the ledger too.
    RedrivesUndecided,
    /// Looks at records that are not decided yet, and are by the time that it writes.
    LooksBeyondDecided,
    /// Takes the records of a redrive for done where another attempt filled the slot that it meant to.
    RedrivesByAdopting,
    /// Redrives into the next slot although another redrive came between its look and its write.
    RedrivesByAnOldLook,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Begun {
        batch: Records,
    },
    Read {
        batch: Records,
        seen: Option<Ledger>,
        is_redrive: bool,
    },
    Chosen {
        plan: Plan,
    },
    Quarantining {
        plan: Plan,
    },
    Quarantined {
        plan: Plan,
    },
    Moving {
        plan: Plan,
    },
    Moved {
        plan: Plan,
    },
    Writing {
        plan: Plan,
    },
    Written {
        plan: Plan,
    },
    Refused {
        plan: Plan,
    },
    /// A batch that was given up, until it is known that it goes the usual way.
    Redriving(Redrive),
    Answered {
        first_failed: u32,
    },
}

/// What an attempt saw in the ledger and means to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Plan {
    seen: Option<Ledger>,
    /// The agreed key, where the ledger had one that is not written yet.
    slot: Option<Key>,
    decided: u32,
    /// Of the batch, what is to be written now.
    done: Records,
    /// Whether the batch was given up once, so that another attempt's object may pass over it.
    is_redrive: bool,
}

impl LedgerLevel {
    /// Every record before this one is decided by the ledger.
    pub(crate) fn decided(seen: Option<Ledger>, s3: &S3) -> u32 {
        let written = seen.and_then(|ledger| s3.enriched.get(&ledger.slot));
        written.map_or(seen.map_or(0, |ledger| ledger.done), |object| object.end)
    }

    /// Looks whether the object the ledger names is there, and takes the records after it.
    fn choose(
        batch: Records,
        seen: Option<Ledger>,
        is_redrive: bool,
        s3: &S3,
    ) -> Vec<(Phase, Option<Request>)> {
        let written = seen.and_then(|ledger| s3.enriched.get(&ledger.slot));
        let decided = Self::decided(seen, s3);
        let slot = seen.map(|ledger| ledger.slot).filter(|_| written.is_none());
        let todo = batch.from(decided);
        if is_redrive && todo != batch {
            return vec![(Phase::Redriving(Redrive::Begun { batch }), None)];
        }
        if todo.is_empty() {
            return vec![(Phase::Answered { first_failed: batch.end() }, None)];
        }
        let fails_at_once = (Phase::Answered { first_failed: todo.first() }, None);
        let plans = (1..=todo.len()).map(|count| {
            let plan = Plan { seen, slot, decided, done: todo.take(count), is_redrive };
            (Phase::Chosen { plan }, None)
        });
        plans.chain([fails_at_once]).collect()
    }

    fn quarantine(plan: Plan) -> (Phase, Option<Request>) {
        if plan.done.and(POISON).is_empty() {
            (Phase::Quarantined { plan }, None)
        } else {
            (Phase::Quarantining { plan }, Some(Request::Quarantine(POISON)))
        }
    }

    /// Agrees on the next object's key, unless the ledger already holds one.
    fn agree(self, plan: Plan) -> (Phase, Option<Request>) {
        if plan.slot.is_some() && self != Self::MovesBeforeWriting {
            return (Phase::Moved { plan }, None);
        }
        let slot = plan.done.first();
        let done = if self == Self::MovesBeforeWriting { plan.done.end() } else { plan.decided };
        let ledger = Ledger { done, slot };
        let request = match self {
            Self::MovesUnconditionally => Request::SetLedger(ledger),
            _ => Request::MoveLedger(plan.seen, ledger),
        };
        (Phase::Moving { plan: Plan { slot: Some(slot), ..plan } }, Some(request))
    }

    fn write(self, attempt: usize, plan: Plan) -> (Phase, Option<Request>) {
        let own_key = plan.done.first();
        let key = if self == Self::OwnKey { own_key } else { plan.slot.unwrap_or(own_key) };
        let lines = plan.done.minus(POISON);
        // No ETag of an object matters here: an object is never replaced.
        let (first, end) = (plan.done.first(), plan.done.end());
        let object = Object { etag: 0, writer: attempt, lines, first, end };
        (Phase::Writing { plan: Plan { slot: Some(key), ..plan } }, Some(Request::Create(key, object)))
    }

    /// The agreed object is another attempt's: what it covers is done, and nothing else is. Of a redrive nothing is, because
    /// that object may pass over what was given up.
    fn adopt(self, plan: Plan, s3: &S3) -> Phase {
        if plan.is_redrive && self != Self::RedrivesByAdopting {
            return Phase::Answered { first_failed: plan.done.first() };
        }
        let theirs = plan.slot.and_then(|slot| s3.enriched.get(&slot)).map_or(0, |object| object.end);
        let trusted = if self == Self::TrustsItsOwnRange { plan.done.end() } else { theirs };
        Phase::Answered { first_failed: trusted }
    }
}

impl Protocol for LedgerLevel {
    type Phase = Phase;

    fn begin(&self, batch: Records) -> Phase {
        Phase::Begun { batch }
    }

    fn begin_redrive(&self, batch: Records) -> Phase {
        match self {
            Self::RedrivesAsUsual => Phase::Begun { batch },
            _ => Phase::Redriving(Redrive::Begun { batch }),
        }
    }

    fn looks_or_chooses(&self, phase: &Phase) -> bool {
        match phase {
            Phase::Begun { .. } | Phase::Read { .. } | Phase::Refused { .. } => true,
            Phase::Redriving(phase) => redrive::looks_or_chooses(phase),
            _ => false,
        }
    }

    fn steps(&self, attempt: usize, phase: &Phase, s3: &S3) -> Vec<(Phase, Option<Request>)> {
        match *phase {
            Phase::Begun { batch } => vec![(Phase::Read { batch, seen: s3.ledger, is_redrive: false }, None)],
            Phase::Read { batch, seen, is_redrive } => Self::choose(batch, seen, is_redrive, s3),
            Phase::Chosen { plan } if *self == Self::QuarantinesLast => vec![self.agree(plan)],
            Phase::Chosen { plan } | Phase::Written { plan } => vec![Self::quarantine(plan)],
            Phase::Quarantined { plan } => vec![self.agree(plan)],
            Phase::Moved { plan } => vec![self.write(attempt, plan)],
            Phase::Refused { plan } => vec![(self.adopt(plan, s3), None)],
            Phase::Redriving(phase) => redrive::steps(*self, attempt, phase, s3),
            Phase::Quarantining { .. }
            | Phase::Moving { .. }
            | Phase::Writing { .. }
            | Phase::Answered { .. } => Vec::new(),
        }
    }

    fn on_reply(&self, phase: &Phase, reply: Reply) -> Phase {
        let last = *self == Self::QuarantinesLast;
        match (*phase, reply) {
            (Phase::Quarantining { plan }, _) if last => Phase::Answered { first_failed: plan.done.end() },
            (Phase::Quarantining { plan }, _) => Phase::Quarantined { plan },
            (Phase::Moving { plan }, Reply::Done) => Phase::Moved { plan },
            // Another attempt moved it: nothing of this one is written yet.
            (Phase::Moving { plan }, Reply::Refused) => Phase::Answered { first_failed: plan.done.first() },
            (Phase::Writing { plan }, Reply::Done) if last && !plan.done.and(POISON).is_empty() => {
                Phase::Written { plan }
            }
            (Phase::Writing { plan }, Reply::Done) => Phase::Answered { first_failed: plan.done.end() },
            (Phase::Writing { plan }, Reply::Refused) => Phase::Refused { plan },
            (Phase::Redriving(phase), reply) => redrive::on_reply(phase, reply),
            (phase, _) => phase,
        }
    }

    fn answer(&self, phase: &Phase) -> Option<u32> {
        if let Phase::Answered { first_failed } = *phase { Some(first_failed) } else { None }
    }
}
