//! `DELIVERY=ledger`: a chain of objects, each agreed on in the ledger before it is created, and never replaced.

use bytes::Bytes;
use edge::lambda::events::KinesisRecord;
use edge::store::{Attributes, Created, ETag, ObjectHead, ObjectStore};
use record_model::keys::SequenceNumber;
use record_model::layout::LedgerKey;

use super::ledger::LedgerEntry;
use super::{DeliveryError, LAST_SEQUENCE_NUMBER, chain};

/// The ledger of one shard as one attempt sees it.
#[derive(Debug)]
pub(crate) struct Ledger {
    key: String,
    seen: Option<ETag>,
    /// The agreed key, while nobody has written there.
    slot: Option<String>,
    /// Records up to this one are in S3 already.
    decided: Option<SequenceNumber>,
}

/// The writer of the agreed object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Adopted {
    Ours,
    /// Another attempt wrote it, up to this record: only the records up to there are done.
    Anothers {
        last: SequenceNumber,
    },
}

impl Ledger {
    /// Reads the ledger, and the head of the object it names.
    pub(crate) async fn read<S: ObjectStore>(
        store: &S,
        stream: &str,
        shard_id: &str,
        epoch: &str,
    ) -> Result<Self, DeliveryError> {
        let key = LedgerKey { stream, shard_id, epoch }.key();
        let Some(object) = store.get(&key).await? else {
            return Ok(Self { key, seen: None, slot: None, decided: None });
        };
        let bad = |source| DeliveryError::BadLedger { key: key.clone(), source };
        let entry = LedgerEntry::from_json(&object.body).map_err(bad)?;
        let seen = Some(object.head.etag);
        if let Some(head) = store.head(&entry.slot).await? {
            let decided = Some(last_record(&entry.slot, &head)?);
            return Ok(Self { key, seen, slot: None, decided });
        }
        let decided = entry.done.as_deref().and_then(|done| done.parse().ok());
        Ok(Self { key, seen, slot: Some(entry.slot), decided })
    }

    /// The record up to which everything is decided.
    pub(crate) fn decided(&self) -> Option<&SequenceNumber> {
        self.decided.as_ref()
    }

    /// How many of these records, from the first on, are in S3 already.
    pub(crate) fn covered(&self, records: &[KinesisRecord<'_>]) -> usize {
        self.decided.as_ref().map_or(0, |decided| count_up_to(records, decided))
    }

    /// Agrees on a key, which is `own_key` unless the key of another attempt still waits, and creates the object there.
    ///
    /// Poison records must be in quarantine before this, because other attempts take them for done once the object exists.
    pub(crate) async fn write<S: ObjectStore>(
        self,
        store: &S,
        own_key: &str,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Adopted, DeliveryError> {
        let slot = self.agree(store, own_key).await?;
        if let Created::Written(_) = store.create(&slot, body, attributes).await? {
            return Ok(Adopted::Ours);
        }
        let gone = || DeliveryError::Contended { key: slot.clone() };
        let head = store.head(&slot).await?.ok_or_else(gone)?;
        Ok(Adopted::Anothers { last: last_record(&slot, &head)? })
    }

    async fn agree<S: ObjectStore>(self, store: &S, own_key: &str) -> Result<String, DeliveryError> {
        if let Some(slot) = self.slot {
            return Ok(slot);
        }
        let done = self.decided.map(|number| number.to_string());
        let entry = LedgerEntry { done, slot: own_key.to_owned() };
        chain::move_on(store, self.key, self.seen.as_ref(), entry.to_json()?).await?;
        Ok(entry.slot)
    }
}

/// How many of these records come no later than `last`. A record without a valid number is later than any.
pub(crate) fn count_up_to(records: &[KinesisRecord<'_>], last: &SequenceNumber) -> usize {
    let is_up_to = |record: &&KinesisRecord<'_>| {
        record.sequence_number.parse::<SequenceNumber>().is_ok_and(|number| number <= *last)
    };
    records.iter().take_while(is_up_to).count()
}

fn last_record(key: &str, head: &ObjectHead) -> Result<SequenceNumber, DeliveryError> {
    let last = head.attributes.metadata.get(LAST_SEQUENCE_NUMBER).and_then(|last| last.parse().ok());
    last.ok_or_else(|| DeliveryError::NoLastRecord { key: key.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge::store::InMemoryStore;

    fn up_to(last: u32) -> Attributes {
        let metadata = [(LAST_SEQUENCE_NUMBER.to_owned(), last.to_string())].into();
        Attributes { metadata, ..Attributes::default() }
    }

    fn is_covered(ledger: &Ledger, sequence_number: &str) -> bool {
        let record = KinesisRecord {
            stream: "s",
            shard_id: "shard",
            sequence_number,
            partition_key: "k".into(),
            arrived_at_ms: 0,
            data: None,
        };
        ledger.covered(&[record]) == 1
    }

    async fn read(store: &InMemoryStore) -> Ledger {
        Ledger::read(store, "s", "shard", "0").await.unwrap()
    }

    #[tokio::test]
    async fn records_of_an_object_that_was_written_but_never_acknowledged_are_skipped() {
        let store = InMemoryStore::new();
        let ledger = read(&store).await;
        assert!(!is_covered(&ledger, "1"));
        assert_eq!(ledger.write(&store, "a", Bytes::new(), &up_to(3)).await.unwrap(), Adopted::Ours);
        let ledger = read(&store).await;
        assert!(is_covered(&ledger, "3") && !is_covered(&ledger, "4") && !is_covered(&ledger, "10"));
    }

    #[tokio::test]
    async fn of_two_attempts_with_other_borders_one_adopts_what_the_other_wrote() {
        let store = InMemoryStore::new();
        let agreed = read(&store).await;
        agreed.agree(&store, "a").await.unwrap();
        let (ours, theirs) = (read(&store).await, read(&store).await);
        assert_eq!(theirs.write(&store, "b", Bytes::new(), &up_to(5)).await.unwrap(), Adopted::Ours);
        let adopted = ours.write(&store, "a", Bytes::new(), &up_to(9)).await.unwrap();
        assert_eq!(adopted, Adopted::Anothers { last: "5".parse().unwrap() });
        assert!(!store.objects().contains_key("b"));
    }

    #[tokio::test]
    async fn an_attempt_that_read_an_old_ledger_stops() {
        let store = InMemoryStore::new();
        let (early, late) = (read(&store).await, read(&store).await);
        early.write(&store, "a", Bytes::new(), &up_to(3)).await.unwrap();
        let refused = late.write(&store, "b", Bytes::new(), &up_to(4)).await.unwrap_err();
        assert!(refused.is_transient());
    }
}
