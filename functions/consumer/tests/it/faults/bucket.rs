//! A bucket whose writes are refused, succeed but answer with an error, or arrive long after.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use bytes::Bytes;
use edge::store::{
    Attributes, Created, ETag, InMemoryStore, Listed, Object, ObjectHead, ObjectStore, RangeRead, Replaced,
    StoreError,
};
use record_model::{Content, Decoder, Limits};

use super::random::Random;

/// Failures after which all goes well, so that a run ends.
const MAX_FAULTS: usize = 60;

pub(crate) struct FaultyBucket {
    store: InMemoryStore,
    chance: Mutex<Chance>,
    late: Mutex<Vec<LateWrite>>,
}

struct Chance {
    random: Random,
    faults: usize,
}

/// A write whose sender was told that it failed.
#[derive(Clone)]
struct LateWrite {
    key: String,
    condition: Option<ETag>,
    body: Bytes,
    attributes: Attributes,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Refused,
    AnswerLost,
    LandsLater,
}

impl FaultyBucket {
    pub(crate) fn new(random: Random) -> Self {
        let chance = Mutex::new(Chance { random, faults: 0 });
        Self { store: InMemoryStore::new(), chance, late: Mutex::default() }
    }

    /// Every late write reaches the bucket now.
    pub(crate) fn let_everything_land(&self) {
        while self.land_one(0) {}
    }

    /// How often each record's id is found in enriched objects and in quarantine.
    pub(crate) fn record_ids(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        let objects = self.store.objects();
        let outputs =
            objects.iter().filter(|(key, _)| key.starts_with("enriched/") || key.starts_with("quarantine/"));
        for (_, object) in outputs {
            for line in plain(&object.body).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let line: serde_json::Value = serde_json::from_slice(line).unwrap();
                *found.entry(line["id"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        found
    }

    /// Gives other tasks a turn, lets some late write land, and says whether this call goes wrong.
    async fn fault(&self) -> Option<Fault> {
        let (turns, lands) = {
            let mut chance = self.chance.lock().unwrap();
            (chance.random.below(4), chance.random.one_in(3).then(|| chance.random.below(100)))
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        if let Some(which) = lands {
            self.land_one(which);
        }
        let mut chance = self.chance.lock().unwrap();
        if chance.faults == MAX_FAULTS || !chance.random.one_in(6) {
            return None;
        }
        chance.faults += 1;
        let faults = [Fault::Refused, Fault::AnswerLost, Fault::LandsLater];
        Some(faults[chance.random.below(3)])
    }

    fn land_one(&self, which: usize) -> bool {
        let mut late = self.late.lock().unwrap();
        if late.is_empty() {
            return false;
        }
        let which = which % late.len();
        let write = late.swap_remove(which);
        drop(late);
        // The store in memory never waits.
        let landed = futures::executor::block_on(self.write(&write));
        landed.unwrap();
        true
    }

    async fn write(&self, write: &LateWrite) -> Result<Option<ETag>, StoreError> {
        let LateWrite { key, condition, body, attributes } = write;
        Ok(match condition {
            None => match self.store.create(key, body.clone(), attributes).await? {
                Created::Written(etag) => Some(etag),
                Created::Exists => None,
            },
            Some(etag) => match self.store.replace(key, etag, body.clone(), attributes).await? {
                Replaced::Written(etag) => Some(etag),
                Replaced::Changed => None,
            },
        })
    }

    async fn faulty_write(&self, write: LateWrite) -> Result<Option<ETag>, StoreError> {
        let failed = unavailable(&write.key);
        match self.fault().await {
            None => self.write(&write).await,
            Some(Fault::Refused) => Err(failed),
            Some(Fault::AnswerLost) => self.write(&write).await.and(Err(failed)),
            Some(Fault::LandsLater) => {
                self.late.lock().unwrap().push(write);
                Err(failed)
            }
        }
    }

    async fn faulty_read(&self, key: &str) -> Result<(), StoreError> {
        if self.fault().await.is_some() { Err(unavailable(key)) } else { Ok(()) }
    }
}

impl ObjectStore for FaultyBucket {
    async fn create(&self, key: &str, body: Bytes, attributes: &Attributes) -> Result<Created, StoreError> {
        let write = LateWrite { key: key.to_owned(), condition: None, body, attributes: attributes.clone() };
        Ok(self.faulty_write(write).await?.map_or(Created::Exists, Created::Written))
    }

    async fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Replaced, StoreError> {
        let condition = Some(etag.clone());
        let write = LateWrite { key: key.to_owned(), condition, body, attributes: attributes.clone() };
        Ok(self.faulty_write(write).await?.map_or(Replaced::Changed, Replaced::Written))
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.faulty_read(key).await?;
        self.store.get(key).await
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, StoreError> {
        self.faulty_read(key).await?;
        self.store.head(key).await
    }

    async fn read_range(&self, key: &str, etag: &ETag, range: Range<u64>) -> Result<RangeRead, StoreError> {
        self.store.read_range(key, etag, range).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        self.faulty_read(prefix).await?;
        self.store.list(prefix, after).await
    }
}

fn unavailable(key: &str) -> StoreError {
    let source = "injected fault".into();
    StoreError::Unavailable { operation: "use", key: key.to_owned(), attempts: 1, source }
}

/// An object's bytes without compression.
fn plain(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    Decoder::new(Limits::default())
        .decode(body, &mut |record| {
            if let Ok(Content::Payload(payload)) = record.content {
                plain.extend_from_slice(payload);
            }
        })
        .unwrap();
    plain
}
