//! Keys of ledgers, which record what is decided about a shard.

const ROOT: &str = "state/ledger";

/// What is decided about one shard in one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerKey<'a> {
    /// Name of the stream.
    pub stream: &'a str,
    /// The shard.
    pub shard_id: &'a str,
    /// `LEDGER_EPOCH`.
    pub epoch: &'a str,
}

impl<'a> LedgerKey<'a> {
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
