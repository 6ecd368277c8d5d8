//! Records how far a source has been read and who reads it now, in one small object in the bucket.

use bytes::Bytes;
use record_model::layout::CursorKey;
use serde::{Deserialize, Serialize};

use crate::sources::Resume;
use crate::store::{Attributes, Created, ETag, ObjectStore, Replaced, StoreError};

/// Version of the object's form.
const VERSION: u32 = 1;

/// What the object says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    version: u32,
    /// For human readers. The key is derived from it.
    source: String,
    cursor: Cursor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease: Option<Lease>,
}

/// How far a source has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything before is acknowledged or put aside.
    pub resume: Resume,
    /// The version of the source to which the position refers, for sources with versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_version: Option<String>,
    /// Where the present run ends, for sources without an end of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Whether the source was read to its end.
    #[serde(default)]
    pub done: bool,
    /// How long earlier runs tried the record at `resume`, in milliseconds. The cursor stays there until the
    /// record is put or put aside.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tried_ms: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One reader's exclusive right to read, for a limited time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it. Another name means another reader.
    pub owner: String,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: i64,
}

/// How [`CursorFile::take`] ended.
#[derive(Debug)]
pub enum Taken {
    /// We may read the source until the lease ends.
    Ours(Box<CursorFile>),
    /// Another reader has it, so send nothing.
    Others {
        /// Who it is, where that is known.
        owner: Option<String>,
    },
}

/// The cursor of one source while we hold its lease.
#[derive(Debug)]
pub struct CursorFile {
    key: String,
    etag: ETag,
    state: State,
}

/// Why a cursor can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// The store failed.
    #[error("could not read or write the cursor")]
    Store(#[from] StoreError),
    /// The object is not a cursor, or a later version wrote it.
    #[error("object {key:?} is not a cursor of version {VERSION}")]
    Form {
        /// Its key.
        key: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The cursor has no JSON form.
    #[error("cursor can't be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// Our lease ran out and another reader took it. What was sent since then may be sent twice.
    #[error("lease of cursor {key:?} was taken over by another reader")]
    Lost {
        /// Its key.
        key: String,
    },
}

impl CursorFile {
    /// Returns the key of a source's cursor. The source's name may contain anything.
    pub fn key(data_set: &str, source: &str) -> String {
        CursorKey::of(data_set, source).key()
    }

    /// Takes `lease` of a data set's `source`, unless another reader has one that has not ended.
    ///
    /// Clocks only decide when the lease of a dead owner has ended: if two readers take it at once, the
    /// conditional write lets only one through.
    pub async fn take<S: ObjectStore>(
        store: &S,
        data_set: &str,
        source: &str,
        lease: Lease,
        now_ms: i64,
    ) -> Result<Taken, CursorError> {
        let key = Self::key(data_set, source);
        let state = State {
            version: VERSION,
            source: source.to_owned(),
            cursor: Cursor::default(),
            lease: Some(lease.clone()),
        };
        // The object is created first and read second: without permission to list, S3 denies reading an
        // object that does not exist.
        if let Created::Written(etag) = store.create(&key, state.to_bytes()?, &attributes()).await? {
            return Ok(Taken::Ours(Box::new(Self { key, etag, state })));
        }
        let Some(object) = store.get(&key).await? else { return Ok(Taken::Others { owner: None }) };
        let mut state = State::read(&key, &object.body)?;
        let is_held = |other: &mut Lease| other.expires_at_ms > now_ms && other.owner != lease.owner;
        if let Some(other) = state.lease.take_if(is_held) {
            return Ok(Taken::Others { owner: Some(other.owner) });
        }
        state.lease = Some(lease);
        Ok(match store.replace(&key, &object.head.etag, state.to_bytes()?, &attributes()).await? {
            Replaced::Written(etag) => Taken::Ours(Box::new(Self { key, etag, state })),
            Replaced::Changed => Taken::Others { owner: None },
        })
    }

    /// Returns how far the source had been read when the cursor was last saved.
    pub fn cursor(&self) -> &Cursor {
        &self.state.cursor
    }

    /// Saves how far the source has been read and keeps the lease.
    pub async fn save<S: ObjectStore>(&mut self, store: &S, cursor: Cursor) -> Result<(), CursorError> {
        self.write(store, State { cursor, ..self.state.clone() }).await
    }

    /// Saves how far the source has been read and returns the lease.
    pub async fn release<S: ObjectStore>(mut self, store: &S, cursor: Cursor) -> Result<(), CursorError> {
        self.write(store, State { cursor, lease: None, ..self.state.clone() }).await
    }

    /// A save that was dropped half-way may have been written. If the object carries this very lease, the
    /// write was our own.
    async fn write<S: ObjectStore>(&mut self, store: &S, state: State) -> Result<(), CursorError> {
        let lost = || CursorError::Lost { key: self.key.clone() };
        let body = state.to_bytes()?;
        let mut replaced = store.replace(&self.key, &self.etag, body.clone(), &attributes()).await?;
        if replaced == Replaced::Changed {
            let there = store.get(&self.key).await?.ok_or_else(lost)?;
            if State::read(&self.key, &there.body)?.lease != self.state.lease {
                return Err(lost());
            }
            replaced = store.replace(&self.key, &there.head.etag, body, &attributes()).await?;
        }
        let Replaced::Written(etag) = replaced else { return Err(lost()) };
        (self.etag, self.state) = (etag, state);
        Ok(())
    }
}

impl State {
    fn read(key: &str, body: &[u8]) -> Result<Self, CursorError> {
        let form = |source| CursorError::Form { key: key.to_owned(), source };
        let state: Self = serde_json::from_slice(body).map_err(form)?;
        if state.version != VERSION {
            let found = format!("version {}", state.version);
            return Err(form(serde::de::Error::custom(found)));
        }
        Ok(state)
    }

    fn to_bytes(&self) -> Result<Bytes, CursorError> {
        serde_json::to_vec(self).map(Bytes::from).map_err(CursorError::Unwritable)
    }
}

fn attributes() -> Attributes {
    Attributes { content_type: Some("application/json".to_owned()), ..Attributes::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{InMemoryStore, StoreFault};

    async fn take(store: &InMemoryStore, owner: &str, now_ms: i64) -> Taken {
        let lease = Lease { owner: owner.to_owned(), expires_at_ms: now_ms + 1000 };
        CursorFile::take(store, "crime", "s3://b/k", lease, now_ms).await.unwrap()
    }

    async fn must_take(store: &InMemoryStore, owner: &str, now_ms: i64) -> CursorFile {
        match take(store, owner, now_ms).await {
            Taken::Ours(file) => *file,
            Taken::Others { owner } => panic!("{owner:?} has it"),
        }
    }

    fn at(position: u64) -> Cursor {
        Cursor { resume: Resume { position, page: None }, ..Cursor::default() }
    }

    #[tokio::test]
    async fn of_two_at_once_the_second_gets_nothing() {
        let store = InMemoryStore::new();
        let _first = must_take(&store, "first", 0).await;
        let second = take(&store, "second", 999).await;
        assert!(matches!(second, Taken::Others { owner: Some(owner) } if owner == "first"));
    }

    #[tokio::test]
    async fn a_lease_given_back_or_over_can_be_taken_and_the_cursor_is_where_it_was_left() {
        let store = InMemoryStore::new();
        let first = must_take(&store, "first", 0).await;
        assert_eq!(first.cursor(), &Cursor::default());
        first.release(&store, at(7)).await.unwrap();
        let mut second = must_take(&store, "second", 1).await;
        assert_eq!(second.cursor(), &at(7));
        second.save(&store, at(9)).await.unwrap();
        // The second is never heard of again.
        assert_eq!(must_take(&store, "third", 1001).await.cursor(), &at(9));
    }

    #[tokio::test]
    async fn who_lost_the_lease_moves_nothing() {
        let store = InMemoryStore::new();
        let mut slow = must_take(&store, "slow", 0).await;
        let next = must_take(&store, "next", 2000).await;
        assert!(matches!(slow.save(&store, at(5)).await, Err(CursorError::Lost { .. })));
        next.release(&store, at(8)).await.unwrap();
        assert_eq!(must_take(&store, "last", 2001).await.cursor(), &at(8));
    }

    #[tokio::test]
    async fn a_save_whose_end_was_not_waited_for_is_no_lost_lease() {
        let store = InMemoryStore::new();
        let mut file = must_take(&store, "me", 0).await;
        store.set_faults(|operation, _| (operation == "replace").then_some(StoreFault::AnswerLost));
        assert!(matches!(file.save(&store, at(3)).await, Err(CursorError::Store(_))));
        store.set_faults(|_, _| None);
        file.save(&store, at(5)).await.unwrap();
        file.release(&store, at(7)).await.unwrap();
        assert_eq!(must_take(&store, "next", 1).await.cursor(), &at(7));
    }

    #[tokio::test]
    async fn what_is_no_cursor_is_told_and_left() {
        for body in [&b"?"[..], br#"{"version":2,"source":"s","cursor":{"resume":{"position":0}}}"#] {
            let store = InMemoryStore::new();
            store.create(&CursorFile::key("d", "s"), Bytes::from_static(body), &attributes()).await.unwrap();
            let lease = Lease { owner: "me".to_owned(), expires_at_ms: 1 };
            let error = CursorFile::take(&store, "d", "s", lease, 0).await.unwrap_err();
            assert!(matches!(error, CursorError::Form { .. }), "{error}");
        }
    }
}
