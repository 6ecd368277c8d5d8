//! Keys of ledgers, which record what is decided about a shard.

const ROOT: &str = "state/ledger";

/// What is decided about one shard in one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerKey<'a> {
    /// Name of the stream.
    pub stream: &'a str,
    /// The shard.
    pub shard_id: &'a str,
    /// `LEDGER_EPOCH`, or [`LedgerKey::redriven_epoch`] of it.
    pub epoch: &'a str,
}

/// Between an epoch and what redrives add to it. No epoch has a hyphen.
const REDRIVEN: &str = "-redriven";

impl<'a> LedgerKey<'a> {
    /// The epoch of a ledger that was never replayed. It has no part in the keys of objects.
    pub const FIRST_EPOCH: &'static str = "0";

    /// The epoch under which redrives into this one are kept.
    pub fn redriven_epoch(epoch: &str) -> String {
        format!("{epoch}{REDRIVEN}")
    }

    /// The epoch in the key of the redriven object of this number.
    pub fn redriven_object_epoch(epoch: &str, number: u64) -> String {
        format!("{epoch}{REDRIVEN}-{number}")
    }

    /// The `LEDGER_EPOCH` under which an object with this epoch in its key was written.
    pub fn epoch_of_object(epoch: Option<&'a str>) -> &'a str {
        epoch.map_or(Self::FIRST_EPOCH, |epoch| epoch.split('-').next().unwrap_or(epoch))
    }

    /// The key.
    pub fn key(&self) -> String {
        let Self { stream, shard_id, epoch } = self;
        format!("{ROOT}/{stream}/{shard_id}/{epoch}")
    }

    /// Reads a key that [`key`](Self::key) writes.
    pub fn parse(key: &'a str) -> Option<Self> {
        let mut parts = key.strip_prefix(ROOT)?.strip_prefix('/')?.splitn(3, '/');
        let (stream, shard_id, epoch) = (parts.next()?, parts.next()?, parts.next()?);
        (!epoch.contains('/')).then_some(Self { stream, shard_id, epoch })
    }
}
