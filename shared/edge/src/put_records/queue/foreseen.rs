//! Predicts on which shard entries will be stored, and limits how fast each shard is sent to.

use std::sync::Arc;

use tokio::time::Instant;

use super::shard_rates::{ShardRate, ShardRates};
use super::waiting::Waiting;
use crate::put_records::ShardMap;

/// The shards as last listed. Without shards nothing is predicted.
#[derive(Debug)]
pub(super) struct Foreseen {
    shards: Arc<ShardMap>,
    rate: Option<ShardRate>,
    rates: Option<ShardRates>,
    is_stale: bool,
}

impl Foreseen {
    pub(super) fn new(rate: Option<ShardRate>, shards: ShardMap, now: Instant) -> Self {
        let rates = rate.map(|rate| ShardRates::new(rate, shards.shards().len(), now));
        Self { shards: Arc::new(shards), rate, rates, is_stale: false }
    }

    pub(super) fn set_shards(&mut self, shards: ShardMap, now: Instant) {
        if *self.shards == shards {
            self.is_stale = false;
        } else {
            *self = Self::new(self.rate, shards, now);
        }
    }

    pub(super) fn shards(&self) -> Arc<ShardMap> {
        Arc::clone(&self.shards)
    }

    /// Whether an answer named another shard than predicted since the shards were listed.
    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Whether anything depends on where an entry is stored.
    pub(super) fn needs_hash_keys(&self) -> bool {
        self.rates.is_some() || !self.shards.shards().is_empty()
    }

    /// Compares where an entry was stored with the prediction; `false` for another shard.
    pub(super) fn landed(&mut self, hash_key: u128, shard_id: &str) -> bool {
        let as_foreseen = self.shards.id_of(hash_key).is_none_or(|foreseen| foreseen == shard_id);
        self.is_stale |= !as_foreseen;
        as_foreseen
    }

    /// Adds what the shards may take since the last call.
    pub(super) fn refill(&mut self, now: Instant) {
        if let Some(rates) = &mut self.rates {
            rates.refill(now);
        }
    }

    /// Counts the entry against its shard's rate. If the rate is used up, returns the moment at which to ask
    /// again.
    pub(super) fn take_rate(&mut self, waiting: &Waiting) -> Result<(), Instant> {
        let Some((rates, shard)) = self.rates.as_mut().zip(self.shards.index_of(waiting.state.hash_key))
        else {
            return Ok(());
        };
        rates.take(shard, waiting.entry.bytes())
    }
}
