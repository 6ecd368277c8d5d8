//! Redrives at the ledger level. Each shard has a chain of redrives beside the chain of its ledger.
//!
//! The crate `delivery-model` checks the following rules in every order of steps:
//!
//! 1. A record is *decided* once the ledger has passed it. No ordinary attempt writes a decided record, whenever its
//!    write arrives: a slot is filled only once, and whoever fills it writes only records after those that were decided
//!    before. So only redrives change which decided records are stored.
//! 2. A redrive writes only records that were decided when the stored objects were read. All others take the ordinary
//!    path.
//! 3. The redrives of a shard form one chain, whose slots are filled one after the other, each once. A redrive says how
//!    many slots were filled when it began to read the stored objects, and writes into the next slot or not at all. So
//!    it knows every object that was redriven before its own.
//!
//! Therefore a redrive that wrote has stored exactly what was not stored before. A redrive that another one overtook
//! has written nothing, and reads the stored objects again.

use bytes::Bytes;
use edge::store::{Attributes, Created, ETag, ObjectStore};
use record_model::layout::LedgerKey;
use serde::{Deserialize, Serialize};

use super::{DeliveryError, chain};

/// What the object `state/ledger/<stream>/<shard>/<epoch>-redriven` holds. Its content never comes back, because the
/// number only grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    /// The slot's number, from 1.
    number: u64,
    /// The key of the slot's object, which may not exist yet.
    slot: String,
}

/// The chain of redrives of one shard, as one attempt sees it.
#[derive(Debug)]
pub(crate) struct Redriven {
    key: String,
    seen: Option<ETag>,
    /// The number of filled slots.
    filled: u64,
    /// The key that was agreed on for the next slot, if its object is not written yet.
    slot: Option<String>,
}

impl Redriven {
    /// Reads the last slot of the chain, and whether it is filled.
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

    /// The number of filled slots.
    pub(crate) fn filled(&self) -> u64 {
        self.filled
    }

    /// Creates the object of the next slot. Its key is `own_key` of the slot's number, unless one was agreed on
    /// already. If another redrive has filled the slot since the chain was read, nothing is written.
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
