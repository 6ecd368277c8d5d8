//! An object store in memory, for tests, with the same guarantees and with faults on demand.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::{
    Attributes, Created, ETag, Listed, MAX_GET_BYTES, MAX_LISTED_KEYS, Object, ObjectHead, ObjectStore,
    RangeRead, Replaced, StoreError, check_key,
};

/// What goes wrong in one call of an [`InMemoryStore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// The call fails and changes nothing.
    Refused,
    /// The call does its work but fails all the same, as if the answer had been lost.
    AnswerLost,
}

type Faults = dyn FnMut(&'static str, &str) -> Option<StoreFault> + Send;

/// One bucket in memory. Equal bytes get equal tags, as in S3.
#[derive(Default)]
pub struct InMemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    objects: BTreeMap<String, (Object, i64)>,
    faults: Option<Box<Faults>>,
}

impl InMemoryStore {
    /// Makes an empty bucket on which every call succeeds.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, asks `faults` before each call, with the operation (`create`, `replace`, `get`, `head`,
    /// `read`, `list`) and the key or prefix.
    pub fn set_faults(&self, faults: impl FnMut(&'static str, &str) -> Option<StoreFault> + Send + 'static) {
        self.lock().faults = Some(Box::new(faults));
    }

    /// Returns every object, by key.
    pub fn objects(&self) -> BTreeMap<String, Object> {
        self.lock().objects.iter().map(|(key, (object, _))| (key.clone(), object.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` under the lock unless a fault forbids it, and discards its answer if a fault says so.
    fn call<T>(
        &self,
        operation: &'static str,
        key: &str,
        work: impl FnOnce(&mut Inner) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut inner = self.lock();
        let fault = inner.faults.as_mut().and_then(|faults| faults(operation, key));
        let failed = || StoreError::Unavailable {
            operation,
            key: key.to_owned(),
            attempts: 1,
            source: "injected fault".into(),
        };
        match fault {
            None => work(&mut inner),
            Some(StoreFault::Refused) => Err(failed()),
            Some(StoreFault::AnswerLost) => work(&mut inner).and_then(|_| Err(failed())),
        }
    }
}

impl Inner {
    fn write(&mut self, key: &str, body: Bytes, attributes: &Attributes) -> ETag {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let etag = ETag::new(format!("\"{:016x}\"", hasher.finish()));
        let head = ObjectHead { etag: etag.clone(), size: body.len() as u64, attributes: attributes.clone() };
        self.objects.insert(key.to_owned(), (Object { head, body }, now_ms()));
        etag
    }

    fn object(&self, key: &str) -> Option<&Object> {
        self.objects.get(key).map(|(object, _)| object)
    }

    fn has(&self, key: &str, etag: &ETag) -> bool {
        self.object(key).is_some_and(|object| object.head.etag == *etag)
    }
}

impl ObjectStore for InMemoryStore {
    async fn create(&self, key: &str, body: Bytes, attributes: &Attributes) -> Result<Created, StoreError> {
        check_key(key)?;
        attributes.check(key)?;
        self.call("create", key, |inner| {
            if inner.objects.contains_key(key) {
                return Ok(Created::Exists);
            }
            Ok(Created::Written(inner.write(key, body, attributes)))
        })
    }

    async fn replace(
        &self,
        key: &str,
        etag: &ETag,
        body: Bytes,
        attributes: &Attributes,
    ) -> Result<Replaced, StoreError> {
        check_key(key)?;
        attributes.check(key)?;
        self.call("replace", key, |inner| {
            if !inner.has(key, etag) {
                return Ok(Replaced::Changed);
            }
            Ok(Replaced::Written(inner.write(key, body, attributes)))
        })
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        check_key(key)?;
        self.call("get", key, |inner| match inner.object(key) {
            Some(object) if object.head.size > MAX_GET_BYTES => {
                Err(StoreError::TooLong { key: key.to_owned(), bytes: object.head.size })
            }
            object => Ok(object.cloned()),
        })
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectHead>, StoreError> {
        check_key(key)?;
        self.call("head", key, |inner| Ok(inner.object(key).map(|object| object.head.clone())))
    }

    async fn read_range(&self, key: &str, etag: &ETag, range: Range<u64>) -> Result<RangeRead, StoreError> {
        check_key(key)?;
        self.call("read", key, |inner| {
            if !inner.has(key, etag) {
                return Ok(RangeRead::Changed);
            }
            let body = inner.object(key).map(|object| object.body.clone()).unwrap_or_default();
            let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(body.len());
            Ok(RangeRead::Bytes(body.slice(at(range.start)..at(range.end))))
        })
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        self.call("list", prefix, |inner| {
            let listed = |(key, (object, modified_at_ms)): (&String, &(Object, i64))| Listed {
                key: key.clone(),
                size: object.head.size,
                modified_at_ms: *modified_at_ms,
            };
            let wanted = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
            Ok(inner
                .objects
                .iter()
                .filter(|(key, _)| wanted(key))
                .take(MAX_LISTED_KEYS)
                .map(listed)
                .collect())
        })
    }
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lost_answer_leaves_the_write_done_and_a_refusal_leaves_nothing() {
        let store = InMemoryStore::new();
        store.set_faults(|_, key| match key {
            "lost" => Some(StoreFault::AnswerLost),
            _ => Some(StoreFault::Refused),
        });
        for key in ["lost", "refused"] {
            let failed = store.create(key, Bytes::new(), &Attributes::default()).await.unwrap_err();
            assert!(failed.is_retryable());
        }
        assert_eq!(store.objects().into_keys().collect::<Vec<_>>(), ["lost"]);
    }
}
