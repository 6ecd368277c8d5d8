//! The sweep over a bucket in memory.

use super::*;
use crate::settle::chunks::Kept;
use edge::store::{InMemoryStore, Listed};
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

fn a_minute() -> Deadlines {
    let end = Instant::now() + Duration::from_mins(1);
    Deadlines { begin_until: end, settle_until: end, answer_by: end }
}

#[tokio::test]
async fn an_incomplete_message_is_given_up_once_and_its_late_pieces_follow() {
    let store = InMemoryStore::new();
    let chunks = Chunks { store: &store, stream: "s", message_bytes: 1 << 20 };
    let pieces = pieces();
    for (piece, at) in pieces.iter().zip(["1", "2"]) {
        assert!(matches!(chunks.keep(piece, &place(at), "k").await.unwrap(), Kept::Waiting));
    }
    assert_eq!(sweep(&store, 1_000_000).await, SweepAnswer { swept: 0, waiting: 1, done: true });
    assert_eq!(sweep(&store, 3_600).await, SweepAnswer { swept: 1, waiting: 0, done: true });
    assert_eq!(sweep(&store, 3_600).await, SweepAnswer { swept: 0, waiting: 0, done: true });
    let in_quarantine = store.objects().into_keys().filter(|key| key.starts_with("quarantine/d/")).count();
    assert_eq!(in_quarantine, 2);
    assert!(matches!(chunks.keep(&pieces[2], &place("3"), "k").await.unwrap(), Kept::Refused(_)));
}

#[tokio::test]
async fn a_whole_message_is_left_to_its_record() {
    let store = InMemoryStore::new();
    let chunks = Chunks { store: &store, stream: "s", message_bytes: 1 << 20 };
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
    let chunks = Chunks { store: &store, stream: "s", message_bytes: 1 << 20 };
    chunks.keep(&pieces()[0], &place("1"), "k").await.unwrap();
    let request: SweepRequest = serde_json::from_str(r#"{"sweep":"chunks","stream":"s"}"#).unwrap();
    let age = Age { default: Duration::ZERO, now_ms: i64::MAX };
    let now = Instant::now();
    let up = Deadlines { begin_until: now, ..a_minute() };
    let unfinished = SweepAnswer { swept: 0, waiting: 0, done: false };
    assert_eq!(request.run(&store, "d", age, up).await.unwrap(), unfinished);
    let slow = Deadlines { answer_by: now, ..a_minute() };
    assert_eq!(request.run(&Silent, "d", age, slow).await.unwrap(), unfinished);
}

/// A bucket that never answers.
struct Silent;

impl ObjectStore for Silent {
    async fn create(&self, _: &str, _: Bytes, _: &Attributes) -> Result<edge::store::Created, StoreError> {
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

    async fn list(&self, _: &str, _: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        std::future::pending().await
    }
}
