//! The bucket as the protocols see it: conditional writes that may land long after their sender died.

use std::collections::BTreeMap;

use super::records::Records;

/// Named after a record's sequence number.
pub(crate) type Key = u32;

/// Stands for the `ETag`: who wrote the bytes, or, where attempts share bytes, what they hold.
pub(crate) type ETag = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Object {
    pub(crate) etag: ETag,
    /// Place of the writing attempt in the order of invocations, from the object's metadata.
    pub(crate) writer: usize,
    pub(crate) lines: Records,
    /// The first sequence number covered, from the object's metadata.
    pub(crate) first: u32,
    /// One past the last sequence number covered, from the object's metadata.
    pub(crate) end: u32,
}

/// Everything before `done` is decided; the next object goes to `slot`, whoever writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ledger {
    pub(crate) done: u32,
    pub(crate) slot: Key,
}

/// The redriven object of this number goes to `slot`, whoever writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Redriven {
    pub(crate) number: u32,
    pub(crate) slot: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Request {
    Create(Key, Object),
    Replace(Key, ETag, Object),
    /// No condition at all: what a wrong protocol does.
    Overwrite(Key, Object),
    Quarantine(Records),
    /// `If-Match` on the ledger as read, `If-None-Match` where it was absent.
    MoveLedger(Option<Ledger>, Ledger),
    /// The same without the condition.
    SetLedger(Ledger),
    /// As [`Request::MoveLedger`], on the shard's chain of redrives.
    MoveRedriven(Option<Redriven>, Redriven),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reply {
    Done,
    /// 412.
    Refused,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct S3 {
    pub(crate) enriched: BTreeMap<Key, Object>,
    pub(crate) quarantine: Records,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) redriven: Option<Redriven>,
}

impl S3 {
    pub(crate) fn apply(&mut self, request: Request) -> Reply {
        let allowed = match request {
            Request::Create(key, _) => !self.enriched.contains_key(&key),
            Request::Replace(key, etag, _) => self.enriched.get(&key).is_some_and(|o| o.etag == etag),
            Request::MoveLedger(seen, _) => self.ledger == seen,
            Request::MoveRedriven(seen, _) => self.redriven == seen,
            Request::Overwrite(..) | Request::Quarantine(_) | Request::SetLedger(_) => true,
        };
        if !allowed {
            return Reply::Refused;
        }
        match request {
            Request::Create(key, object)
            | Request::Replace(key, _, object)
            | Request::Overwrite(key, object) => {
                self.enriched.insert(key, object);
            }
            Request::Quarantine(records) => self.quarantine = self.quarantine.or(records),
            Request::MoveLedger(_, ledger) | Request::SetLedger(ledger) => self.ledger = Some(ledger),
            Request::MoveRedriven(_, redriven) => self.redriven = Some(redriven),
        }
        Reply::Done
    }

    /// Of these records, those that an object covers, by its metadata.
    pub(crate) fn covered(&self, records: Records) -> Records {
        let covers = |object: &Object| records.from(object.first).minus(records.from(object.end));
        self.enriched.values().map(covers).fold(Records::NONE, Records::or)
    }

    /// Records in at least one, and records in more than one, of the enriched objects and quarantine.
    pub(crate) fn once_and_twice(&self) -> (Records, Records) {
        self.enriched
            .values()
            .map(|object| object.lines)
            .chain([self.quarantine])
            .fold((Records::NONE, Records::NONE), |(once, twice), here| {
                (once.or(here), twice.or(once.and(here)))
            })
    }
}
