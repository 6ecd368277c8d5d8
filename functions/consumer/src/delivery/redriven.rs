//! Redrives at the ledger level: a chain of their own for each shard, beside the chain of its ledger.
//!
//! The law, of which `tests/it/delivery_model` searches every order of steps:
//!
//! 1. A record is *decided* once the ledger has passed it. No ordinary attempt writes a decided record, whenever its write
//!    lands: a slot is filled once, and whoever fills it writes what comes after the records that were decided before it.
//!    Which decided records are stored therefore changes by redrives alone.
//! 2. A redrive writes only records that were decided when it was looked which are stored. Others go the ordinary way.
//! 3. Redrives of a shard stand in one chain, whose slots are filled once each, one after the other. A redrive says how many
//!    slots were filled when the look began by which it knows what is stored, and writes into the next slot or not at all. It
//!    has therefore seen every redriven object before its own.
//!
//! So a redrive that wrote has stored what was not stored, and nothing else. One that was overtaken wrote nothing, and looks
//! again.

use bytes::Bytes;
use edge::store::{Attributes, Created, ETag, ObjectStore};
use record_model::layout::LedgerKey;
use serde::{Deserialize, Serialize};

use super::{DeliveryError, chain};

/// What the object `state/ledger/<stream>/<shard>/<epoch>-redriven` holds. Its content never comes back, because the
/// number only grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    /// From 1.
    number: u64,
    /// Key of the object that is there or is to come.
    slot: String,
}

/// The redrives of one shard as one attempt sees them.
#[derive(Debug)]
pub(crate) struct Redriven {
    key: String,
    seen: Option<ETag>,
    /// Slots that are filled.
    filled: u64,
    /// The agreed key, while nobody has written there.
    slot: Option<String>,
}

impl Redriven {
    /// Reads the chain's last slot, and whether it is filled.
    pub(crate) async fn read<S: ObjectStore>(
        store: &S,
        stream: &str,
        shard_id: &str,
        epoch: &str,
    ) -> Result<Self, DeliveryError> {
        let key = LedgerKey { stream, shard_id, epoch: &LedgerKey::redriven_epoch(epoch) }.key();
        let Some(object) = store.get(&key).await? else {
            return Ok(Self { key, seen: None, filled: 0, slot: None });
        };
        let bad = |source| DeliveryError::BadLedger { key: key.clone(), source };
        let Slot { number, slot } = serde_json::from_slice(&object.body).map_err(bad)?;
        let seen = Some(object.head.etag);
        if store.head(&slot).await?.is_some() {
            return Ok(Self { key, seen, filled: number, slot: None });
        }
        Ok(Self { key, seen, filled: number.saturating_sub(1), slot: Some(slot) })
    }

    /// Slots that are filled.
    pub(crate) fn filled(&self) -> u64 {
        self.filled
    }

    /// Creates the object at the next slot, whose key is `own_key` of its number unless one is agreed on already. Where
    /// another redrive has moved the chain on since it was read, nothing is written.
    pub(crate) async fn write<S: ObjectStore>(
        self,
        store: &S,
        own_key: impl FnOnce(u64) -> String,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<(), DeliveryError> {
        let slot = self.agree(store, own_key).await?;
        match store.create(&slot, body, attributes).await? {
            Created::Written(_) => Ok(()),
            Created::Exists => Err(DeliveryError::Contended { key: slot }),
        }
    }

    async fn agree<S: ObjectStore>(
        self,
        store: &S,
        own_key: impl FnOnce(u64) -> String,
    ) -> Result<String, DeliveryError> {
        if let Some(slot) = self.slot {
            return Ok(slot);
        }
        let number = self.filled + 1;
        let next = Slot { number, slot: own_key(number) };
        chain::move_on(store, self.key, self.seen.as_ref(), serde_json::to_vec(&next)?).await?;
        Ok(next.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge::store::InMemoryStore;

    async fn read(store: &InMemoryStore) -> Redriven {
        Redriven::read(store, "s", "shard", "0").await.unwrap()
    }

    async fn write(chain: Redriven, store: &InMemoryStore, name: &str) -> Result<(), DeliveryError> {
        chain.write(store, |number| format!("{name}{number}"), Bytes::new(), &Attributes::default()).await
    }

    #[tokio::test]
    async fn of_two_redrives_that_saw_the_same_one_writes() {
        let store = InMemoryStore::new();
        let (early, late) = (read(&store).await, read(&store).await);
        write(early, &store, "a").await.unwrap();
        assert!(write(late, &store, "b").await.unwrap_err().is_transient());
        assert_eq!(read(&store).await.filled(), 1);
        assert!(store.objects().contains_key("a1") && !store.objects().contains_key("b1"));
    }

    #[tokio::test]
    async fn a_slot_that_a_dead_redrive_agreed_on_is_filled_before_the_next() {
        let store = InMemoryStore::new();
        let dead = read(&store).await;
        dead.agree(&store, |number| format!("dead{number}")).await.unwrap();
        let next = read(&store).await;
        assert_eq!(next.filled(), 0);
        write(next, &store, "own").await.unwrap();
        assert!(store.objects().contains_key("dead1"));
        write(read(&store).await, &store, "own").await.unwrap();
        assert!(store.objects().contains_key("own2"));
        assert_eq!(read(&store).await.filled(), 2);
    }
}
