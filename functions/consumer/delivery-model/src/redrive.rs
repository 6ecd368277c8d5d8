//! Redrives at the ledger level: a look at what is stored, and a chain beside the ledger for what is not.

use super::batch_level::POISON;
use super::ledger_level::{LedgerLevel, Phase};
use super::records::Records;
use super::s3::{Key, Ledger, Object, Redriven, Reply, Request, S3};

/// Keys of redriven objects, which no other object has.
const REDRIVEN: Key = 100;

/// How far a redrive is. The look is the command's, between two invocations of the consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Redrive {
    Begun {
        batch: Records,
    },
    LedgerRead {
        batch: Records,
        seen: Option<Ledger>,
    },
    /// The consumer asks for a look at what is decided, after so many slots were filled.
    ToScan {
        batch: Records,
        decided: u32,
        filled: u32,
    },
    /// The first run of records that are not stored, and what is behind it.
    Scanned {
        run: Records,
        filled: u32,
    },
    LedgerReadAgain {
        run: Records,
        filled: u32,
        seen: Option<Ledger>,
    },
    ChainRead {
        plan: RedrivePlan,
    },
    Quarantining {
        plan: RedrivePlan,
    },
    Quarantined {
        plan: RedrivePlan,
    },
    Moving {
        plan: RedrivePlan,
    },
    Moved {
        plan: RedrivePlan,
    },
    Writing {
        plan: RedrivePlan,
    },
}

/// What a redrive means to write, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RedrivePlan {
    seen: Option<Redriven>,
    filled: u32,
    slot: Option<Key>,
    done: Records,
}

/// The chain as it is read: how many slots are filled, and the agreed one that is not.
fn chain(s3: &S3) -> (u32, Option<Key>) {
    match s3.redriven {
        None => (0, None),
        Some(last) if s3.enriched.contains_key(&last.slot) => (last.number, None),
        Some(last) => (last.number - 1, Some(last.slot)),
    }
}

pub(crate) fn looks_or_chooses(phase: &Redrive) -> bool {
    matches!(
        phase,
        Redrive::Begun { .. }
            | Redrive::LedgerRead { .. }
            | Redrive::ToScan { .. }
            | Redrive::Scanned { .. }
            | Redrive::LedgerReadAgain { .. }
    )
}

pub(crate) fn steps(
    level: LedgerLevel,
    attempt: usize,
    phase: Redrive,
    s3: &S3,
) -> Vec<(Phase, Option<Request>)> {
    let on = |phase| vec![(Phase::Redriving(phase), None)];
    match phase {
        Redrive::Begun { batch } => on(Redrive::LedgerRead { batch, seen: s3.ledger }),
        Redrive::LedgerRead { batch, seen } => {
            if batch.from(LedgerLevel::decided(seen, s3)) == batch && level != LedgerLevel::RedrivesUndecided
            {
                return vec![(Phase::Read { batch, seen, is_redrive: true }, None)];
            }
            on(Redrive::ToScan { batch, decided: LedgerLevel::decided(seen, s3), filled: chain(s3).0 })
        }
        Redrive::ToScan { batch, decided, filled } => scan(level, (batch, decided, filled), s3),
        Redrive::Scanned { run, filled } => on(Redrive::LedgerReadAgain { run, filled, seen: s3.ledger }),
        Redrive::LedgerReadAgain { run, filled, seen } => choose(level, (run, filled, seen), s3),
        Redrive::ChainRead { plan } => vec![quarantine(plan)],
        Redrive::Quarantined { plan } => vec![agree(plan)],
        Redrive::Moved { plan } => vec![write(attempt, plan)],
        Redrive::Quarantining { .. } | Redrive::Moving { .. } | Redrive::Writing { .. } => Vec::new(),
    }
}

/// Which decided records of the batch no object covers: the first of them, up to the next that one covers.
fn scan(
    level: LedgerLevel,
    (batch, decided, filled): (Records, u32, u32),
    s3: &S3,
) -> Vec<(Phase, Option<Request>)> {
    let looks_at_all = matches!(level, LedgerLevel::RedrivesUndecided | LedgerLevel::LooksBeyondDecided);
    let undecided = if looks_at_all { Records::NONE } else { batch.from(decided) };
    let looked_at = batch.minus(undecided);
    let stored = if level == LedgerLevel::RedrivesAll { Records::NONE } else { s3.covered(looked_at) };
    let missing = looked_at.minus(stored);
    if missing.is_empty() {
        let next = if undecided.is_empty() {
            Phase::Answered { first_failed: batch.end() }
        } else {
            Phase::Redriving(Redrive::Begun { batch: undecided })
        };
        return vec![(next, None)];
    }
    let behind = stored.from(missing.first());
    let run = if behind.is_empty() { missing } else { missing.minus(missing.from(behind.first())) };
    vec![(Phase::Redriving(Redrive::Scanned { run, filled }), None)]
}

/// What is decided of the run is written beside the ledger, and what is not goes the usual way.
fn choose(
    level: LedgerLevel,
    (run, filled, seen): (Records, u32, Option<Ledger>),
    s3: &S3,
) -> Vec<(Phase, Option<Request>)> {
    let undecided = run.from(LedgerLevel::decided(seen, s3));
    if undecided == run && level != LedgerLevel::RedrivesUndecided {
        return vec![(Phase::Read { batch: run, seen, is_redrive: true }, None)];
    }
    let decided = if level == LedgerLevel::RedrivesUndecided { run } else { run.minus(undecided) };
    let (filled_now, slot) = chain(s3);
    if filled_now != filled && level != LedgerLevel::RedrivesByAnOldLook {
        return vec![(Phase::Redriving(Redrive::Begun { batch: run }), None)];
    }
    let fails_at_once = (Phase::Answered { first_failed: run.first() }, None);
    let plans = (1..=decided.len()).map(|count| {
        let plan = RedrivePlan { seen: s3.redriven, filled: filled_now, slot, done: decided.take(count) };
        (Phase::Redriving(Redrive::ChainRead { plan }), None)
    });
    plans.chain([fails_at_once]).collect()
}

fn quarantine(plan: RedrivePlan) -> (Phase, Option<Request>) {
    if plan.done.and(POISON).is_empty() {
        (Phase::Redriving(Redrive::Quarantined { plan }), None)
    } else {
        (Phase::Redriving(Redrive::Quarantining { plan }), Some(Request::Quarantine(POISON)))
    }
}

fn agree(plan: RedrivePlan) -> (Phase, Option<Request>) {
    if plan.slot.is_some() {
        return (Phase::Redriving(Redrive::Moved { plan }), None);
    }
    let number = plan.filled + 1;
    let next = Redriven { number, slot: REDRIVEN + number };
    let plan = RedrivePlan { slot: Some(next.slot), ..plan };
    (Phase::Redriving(Redrive::Moving { plan }), Some(Request::MoveRedriven(plan.seen, next)))
}

fn write(attempt: usize, plan: RedrivePlan) -> (Phase, Option<Request>) {
    let (first, end) = (plan.done.first(), plan.done.end());
    let object = Object { etag: 0, writer: attempt, lines: plan.done.minus(POISON), first, end };
    let request = plan.slot.map(|slot| Request::Create(slot, object));
    (Phase::Redriving(Redrive::Writing { plan }), request)
}

pub(crate) fn on_reply(phase: Redrive, reply: Reply) -> Phase {
    match (phase, reply) {
        (Redrive::Quarantining { plan }, _) => Phase::Redriving(Redrive::Quarantined { plan }),
        (Redrive::Moving { plan }, Reply::Done) => Phase::Redriving(Redrive::Moved { plan }),
        (Redrive::Writing { plan }, Reply::Done) => Phase::Answered { first_failed: plan.done.end() },
        // Another redrive came first: nothing of this one is written.
        (Redrive::Moving { plan } | Redrive::Writing { plan }, Reply::Refused) => {
            Phase::Answered { first_failed: plan.done.first() }
        }
        (phase, _) => Phase::Redriving(phase),
    }
}
