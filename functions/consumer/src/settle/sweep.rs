//! The sweep: messages that stayed incomplete too long go to quarantine, piece by piece.
//!
//! A schedule sends the event, and so does the local runner at the end of a run; docs/consumer.md describes it.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use edge::store::{Attributes, ObjectStore, StoreError, list_all};
use futures::TryStreamExt as _;
use record_model::chunk::Message;
use record_model::layout::{ChunkEntry, ChunkKey, MessageFolder};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::chunks::{Chunks, SWEPT};
use super::poison::{Quarantine, Reason};
use crate::delivery::DeliveryError;

/// What a sweep is asked for.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct SweepRequest {
    #[serde(rename = "sweep")]
    _what: Swept,
    /// Name of the stream whose pieces are looked through.
    stream: String,
    older_than_s: Option<u64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Swept {
    Chunks,
}

/// What became of it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SweepAnswer {
    /// Messages that went to quarantine.
    pub(crate) swept: usize,
    /// Incomplete messages that are still waited for.
    pub(crate) waiting: usize,
    /// Whether all messages of the stream were looked at.
    done: bool,
}

/// At which age a message is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Age {
    /// The age where the request names none.
    pub(crate) default: Duration,
    /// Milliseconds since 1970 UTC.
    pub(crate) now_ms: i64,
}

/// How long an invocation may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time {
    /// No message, and no record, is begun after this.
    pub(crate) begin_until: Instant,
    pub(crate) answer_by: Instant,
}

/// One message's folder as the listing shows it.
#[derive(Debug, Default)]
struct Folder {
    has_claim: bool,
    in_quarantine: bool,
    /// When its last piece was kept.
    newest_ms: i64,
}

/// One sweep, with everything that it needs.
struct Sweep<'a, S> {
    chunks: Chunks<'a, S>,
    quarantine: Quarantine<'a, S>,
    kept_before_ms: i64,
    time: Time,
}

impl SweepRequest {
    /// What became of the messages, of all or of those the time was enough for.
    pub(crate) async fn run<S: ObjectStore>(
        &self,
        store: &S,
        data_set: &str,
        age: Age,
        time: Time,
    ) -> Result<SweepAnswer, DeliveryError> {
        let max_age = self.older_than_s.map_or(age.default, Duration::from_secs);
        let max_age_ms = i64::try_from(max_age.as_millis()).unwrap_or(i64::MAX);
        let sweep = Sweep {
            chunks: Chunks { store, stream: &self.stream },
            quarantine: Quarantine { store, data_set },
            kept_before_ms: age.now_ms.saturating_sub(max_age_ms),
            time,
        };
        let mut answer = SweepAnswer::default();
        match tokio::time::timeout_at(time.answer_by, sweep.look_through(&mut answer)).await {
            Ok(looked) => looked.map(|()| answer),
            // S3 is slow. What is done is done, and the next sweep goes on.
            Err(_late) => Ok(answer),
        }
    }
}

impl<S: ObjectStore> Sweep<'_, S> {
    async fn look_through(&self, answer: &mut SweepAnswer) -> Result<(), DeliveryError> {
        for (message, state) in self.folders().await? {
            let folder = MessageFolder { stream: self.chunks.stream, message };
            if state.in_quarantine {
                continue;
            }
            if Instant::now() >= self.time.begin_until {
                return Ok(());
            }
            let is_due = state.newest_ms < self.kept_before_ms;
            if !state.has_claim && !is_due {
                answer.waiting += 1;
            } else if self.give_up(&folder, &state).await? {
                answer.swept += 1;
            }
        }
        answer.done = true;
        Ok(())
    }

    /// Claims the message, so that no record puts it out any more, then copies its pieces. `false` where the message
    /// belongs to a record already.
    async fn give_up(&self, folder: &MessageFolder<'_>, state: &Folder) -> Result<bool, DeliveryError> {
        let claim = if state.has_claim {
            self.chunks.claim(folder).await?
        } else {
            Some(self.chunks.make_claim(folder, SWEPT).await?)
        };
        if claim.as_deref() != Some(SWEPT) {
            return Ok(false);
        }
        let pieces = self.chunks.pieces(folder).await?;
        let reason = Reason::new("chunk_incomplete", "pieces of the message did not arrive in time");
        self.quarantine.keep_pieces(&pieces, &reason).await?;
        let mark = folder.key(ChunkEntry::InQuarantine);
        self.chunks.store.create(&mark, Bytes::new(), &Attributes::default()).await?;
        Ok(true)
    }

    /// The folder of every message of the stream.
    async fn folders(&self) -> Result<BTreeMap<Message, Folder>, StoreError> {
        let prefix = MessageFolder::prefix_of_all(self.chunks.stream);
        let mut folders: BTreeMap<Message, Folder> = BTreeMap::new();
        let mut listed = pin!(list_all(self.chunks.store, &prefix));
        while let Some(listed) = listed.try_next().await? {
            let Some(ChunkKey { folder, entry }) = ChunkKey::parse(&listed.key) else { continue };
            let folder = folders.entry(folder.message).or_default();
            match entry {
                ChunkEntry::Claim => folder.has_claim = true,
                ChunkEntry::InQuarantine => folder.in_quarantine = true,
                ChunkEntry::Piece(_) | ChunkEntry::Verdict(_) => {
                    folder.newest_ms = folder.newest_ms.max(listed.modified_at_ms);
                }
            }
        }
        Ok(folders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settle::chunks::Kept;
    use edge::store::InMemoryStore;
    use record_model::chunk;
    use record_model::layout::Position;

    fn place(sequence_number: &str) -> Position<'_> {
        Position {
            stream: "s",
            shard_id: "shardId-000000000000",
            sequence_number,
            sub_sequence_number: None,
            arrived_at_ms: 1_767_322_999_999,
        }
    }

    fn pieces() -> Vec<Vec<u8>> {
        let framed = |chunk: chunk::Chunk<'_>| {
            let mut out = Vec::new();
            chunk.write(&mut out);
            out
        };
        chunk::split(b"abc", 7, chunk::OVERHEAD_BYTES + 1).unwrap().map(framed).collect()
    }

    async fn sweep(store: &InMemoryStore, older_than_s: u64) -> SweepAnswer {
        let event = format!("{{\"sweep\":\"chunks\",\"stream\":\"s\",\"older_than_s\":{older_than_s}}}");
        let request: SweepRequest = serde_json::from_str(&event).unwrap();
        // A day on from any clock of this test's store.
        let now_ms = jiff::Timestamp::now().as_millisecond() + 86_400_000;
        request.run(store, "d", Age { default: Duration::from_secs(1), now_ms }, a_minute()).await.unwrap()
    }

    fn a_minute() -> Time {
        let end = Instant::now() + Duration::from_mins(1);
        Time { begin_until: end, answer_by: end }
    }

    #[tokio::test]
    async fn an_incomplete_message_is_given_up_once_and_its_late_pieces_follow() {
        let store = InMemoryStore::new();
        let chunks = Chunks { store: &store, stream: "s" };
        let pieces = pieces();
        for (piece, at) in pieces.iter().zip(["1", "2"]) {
            assert!(matches!(chunks.keep(piece, &place(at), "k").await.unwrap(), Kept::Waiting));
        }
        assert_eq!(sweep(&store, 1_000_000).await, SweepAnswer { swept: 0, waiting: 1, done: true });
        assert_eq!(sweep(&store, 3_600).await, SweepAnswer { swept: 1, waiting: 0, done: true });
        assert_eq!(sweep(&store, 3_600).await, SweepAnswer { swept: 0, waiting: 0, done: true });
        let in_quarantine =
            store.objects().into_keys().filter(|key| key.starts_with("quarantine/d/")).count();
        assert_eq!(in_quarantine, 2);
        assert!(matches!(chunks.keep(&pieces[2], &place("3"), "k").await.unwrap(), Kept::Refused(_)));
    }

    #[tokio::test]
    async fn a_whole_message_is_left_to_its_record() {
        let store = InMemoryStore::new();
        let chunks = Chunks { store: &store, stream: "s" };
        let mut last = None;
        for (piece, at) in pieces().iter().zip(["1", "2", "3"]) {
            last = Some(chunks.keep(piece, &place(at), "k").await.unwrap());
        }
        assert!(matches!(last, Some(Kept::Whole(message)) if message == b"abc"));
        assert_eq!(sweep(&store, 0).await, SweepAnswer { swept: 0, waiting: 0, done: true });
    }

    #[tokio::test]
    async fn a_sweep_answers_before_its_time_is_up_and_is_not_done() {
        let store = InMemoryStore::new();
        let chunks = Chunks { store: &store, stream: "s" };
        chunks.keep(&pieces()[0], &place("1"), "k").await.unwrap();
        let request: SweepRequest = serde_json::from_str(r#"{"sweep":"chunks","stream":"s"}"#).unwrap();
        let age = Age { default: Duration::ZERO, now_ms: i64::MAX };
        let now = Instant::now();
        let up = Time { begin_until: now, ..a_minute() };
        let unfinished = SweepAnswer { swept: 0, waiting: 0, done: false };
        assert_eq!(request.run(&store, "d", age, up).await.unwrap(), unfinished);
        let slow = Time { answer_by: now, ..a_minute() };
        assert_eq!(request.run(&Silent, "d", age, slow).await.unwrap(), unfinished);
    }

    /// A bucket that never answers.
    struct Silent;

    impl ObjectStore for Silent {
        async fn create(
            &self,
            _: &str,
            _: Bytes,
            _: &Attributes,
        ) -> Result<edge::store::Created, StoreError> {
            std::future::pending().await
        }

        async fn replace(
            &self,
            _: &str,
            _: &edge::store::ETag,
            _: Bytes,
            _: &Attributes,
        ) -> Result<edge::store::Replaced, StoreError> {
            std::future::pending().await
        }

        async fn get(&self, _: &str) -> Result<Option<edge::store::Object>, StoreError> {
            std::future::pending().await
        }

        async fn head(&self, _: &str) -> Result<Option<edge::store::ObjectHead>, StoreError> {
            std::future::pending().await
        }

        async fn read_range(
            &self,
            _: &str,
            _: &edge::store::ETag,
            _: std::ops::Range<u64>,
        ) -> Result<edge::store::RangeRead, StoreError> {
            std::future::pending().await
        }

        async fn list(&self, _: &str, _: Option<&str>) -> Result<Vec<edge::store::Listed>, StoreError> {
            std::future::pending().await
        }
    }
}
