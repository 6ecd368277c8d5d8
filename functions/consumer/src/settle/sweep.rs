//! The sweep: messages that stayed incomplete for too long go to quarantine, piece by piece.
//!
//! A schedule sends the event, and so does the local runner at the end of a run. docs/consumer.md describes
//! it.

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
use crate::deadline::Deadlines;
use crate::delivery::DeliveryError;

/// What a sweep is asked to do.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct SweepRequest {
    #[serde(rename = "sweep")]
    _what: Swept,
    /// The name of the stream whose pieces are checked.
    stream: String,
    older_than_s: Option<u64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Swept {
    Chunks,
}

/// The result of a sweep.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SweepAnswer {
    /// How many messages went to quarantine.
    pub(crate) swept: usize,
    /// How many incomplete messages are still waited for.
    pub(crate) waiting: usize,
    /// Whether all messages of the stream were looked at.
    done: bool,
}

/// The age at which a message is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Age {
    /// The age that applies if the request names none.
    pub(crate) default: Duration,
    /// Milliseconds since 1970 UTC.
    pub(crate) now_ms: i64,
}

/// The folder of one message, as the listing shows it.
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
    time: Deadlines,
}

impl SweepRequest {
    /// What happened to all messages, or to those for which there was enough time.
    pub(crate) async fn run<S: ObjectStore>(
        &self,
        store: &S,
        data_set: &str,
        age: Age,
        time: Deadlines,
    ) -> Result<SweepAnswer, DeliveryError> {
        let max_age = self.older_than_s.map_or(age.default, Duration::from_secs);
        let max_age_ms = i64::try_from(max_age.as_millis()).unwrap_or(i64::MAX);
        let sweep = Sweep {
            chunks: Chunks { store, stream: &self.stream, message_bytes: usize::MAX },
            quarantine: Quarantine { store, data_set },
            kept_before_ms: age.now_ms.saturating_sub(max_age_ms),
            time,
        };
        let mut answer = SweepAnswer::default();
        match tokio::time::timeout_at(time.answer_by, sweep.look_through(&mut answer)).await {
            Ok(looked) => looked.map(|()| answer),
            // S3 is slow. What is done stays done, and the next sweep continues.
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

    /// Claims the message, so that no record writes it out any more, and then copies its pieces. `false` if
    /// the message belongs to a record already.
    async fn give_up(&self, folder: &MessageFolder<'_>, state: &Folder) -> Result<bool, DeliveryError> {
        let claim = if state.has_claim {
            self.chunks.claim(folder).await?
        } else {
            Some(self.chunks.make_claim(folder, SWEPT).await?)
        };
        if claim.as_deref() != Some(SWEPT) {
            return Ok(false);
        }
        let reason = Reason::new("chunk_incomplete", "pieces of the message did not arrive in time");
        self.chunks.put_aside(folder, self.quarantine, &reason).await?;
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
mod tests;
