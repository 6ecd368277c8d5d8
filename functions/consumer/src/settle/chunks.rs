//! Keeps pieces of messages in S3 until one record completes the message and writes it out.
//!
//! A message has a [`MessageFolder`]. It contains an object for each piece, with the place of the piece's
//! record; a verdict on each record, which says whether it waits or claims the message; and a claim, which
//! holds the id of the record that owns the message, or [`SWEPT`]. Nothing is deleted here, because a late
//! copy of a piece must find the claim. The bucket's lifecycle for this prefix must therefore keep objects
//! longer than the stream keeps records.

use bytes::Bytes;
use edge::store::{Attributes, Created, ObjectStore, StoreError, list_all};
use futures::{StreamExt as _, TryStreamExt as _, future};
use record_model::chunk::{Chunk, Message, Reassembly};
use record_model::layout::{ChunkEntry, ChunkKey, MessageFolder, Position};

use super::piece_place;
use super::poison::{Quarantine, Reason};
use crate::delivery::DeliveryError;

/// The most pieces of one message, since each costs a request.
const MAX_PIECES: u32 = 10_000;
/// There is a piece and a verdict for each, and as much again for copies.
const MAX_KEYS: usize = 4 * MAX_PIECES as usize;
/// The claim of the sweep, which no record's id can equal.
pub(crate) const SWEPT: &str = "swept";
/// The verdict on a record that claims its message.
const CLAIMS: &str = "claims";
const WAITS: &str = "waits";

/// What happened to a piece.
#[derive(Debug)]
pub(crate) enum Kept {
    /// Other pieces are still to come, or another record writes the message out.
    Waiting,
    /// This record writes out the whole message.
    Whole(Vec<u8>),
    /// The piece is not part of any message, so its record goes to quarantine.
    Refused(Reason),
    /// All pieces are there but don't form a message, so each of them goes to quarantine.
    Broken(Message, Reason),
}

/// The kept pieces of one stream.
pub(crate) struct Chunks<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) stream: &'a str,
    /// The largest message, in bytes.
    pub(crate) message_bytes: usize,
}

impl<S: ObjectStore> Chunks<'_, S> {
    /// Keeps the piece of the record at `here`, and puts its message together if the piece completes it.
    pub(crate) async fn keep(
        &self,
        framed: &[u8],
        here: &Position<'_>,
        partition_key: &str,
    ) -> Result<Kept, StoreError> {
        let (chunk, reassembly) = match begin(framed, self.message_bytes) {
            Ok(begun) => begun,
            Err(reason) => return Ok(Kept::Refused(reason)),
        };
        let folder = MessageFolder { stream: self.stream, message: chunk.message };
        let key = folder.key(ChunkEntry::Piece(chunk.index));
        let attributes = piece_place::write(here, partition_key);
        let created = self.store.create(&key, Bytes::copy_from_slice(framed), &attributes).await?;
        if created == Created::Exists && self.store.get(&key).await?.is_some_and(|kept| kept.body != framed) {
            return Ok(Kept::Refused(Reason::new("chunk_conflict", "another piece has this index already")));
        }
        let here = here.id().to_string();
        let claim = match self.claim(&folder).await? {
            None => self.decide(&folder, chunk.message.count, &here).await?,
            claim => claim,
        };
        match claim.as_deref() {
            Some(SWEPT) => Ok(Kept::Refused(late())),
            Some(owner) if owner == here => self.put_out(&folder, reassembly).await,
            _ => Ok(Kept::Waiting),
        }
    }

    /// Decides on the record at `here` and returns the id of the record that owns the message. `None`: no record does
    /// yet, and this one never will.
    ///
    /// Two attempts at one record may see different pieces. The first verdict on a record is kept and every later
    /// attempt follows it, so no attempt leaves a message to another that left it out. The record that kept the last
    /// missing piece sees all of them in each of its attempts, so there is always one record that claims.
    async fn decide(
        &self,
        folder: &MessageFolder<'_>,
        count: u32,
        here: &str,
    ) -> Result<Option<String>, StoreError> {
        let is_whole = self.piece_keys(folder).await?.len() >= count as usize;
        let verdict = if is_whole { CLAIMS } else { WAITS };
        let kept = self.first_write(&folder.key(ChunkEntry::Verdict(here)), verdict).await?;
        if kept == WAITS { Ok(None) } else { self.make_claim(folder, here).await.map(Some) }
    }

    /// Puts the message together, piece by piece. If a piece does not fit, it is left out, so that there is
    /// no message and all pieces go to quarantine.
    async fn put_out(
        &self,
        folder: &MessageFolder<'_>,
        mut reassembly: Reassembly,
    ) -> Result<Kept, StoreError> {
        for key in self.piece_keys(folder).await? {
            let Some(piece) = self.store.get(&key).await? else { continue };
            if let Ok(chunk) = Chunk::read(&piece.body) {
                let _ = reassembly.add(&chunk);
            }
        }
        Ok(match reassembly.message() {
            Ok(message) => Kept::Whole(message),
            Err(error) => Kept::Broken(folder.message, Reason::of_error("message", &error)),
        })
    }

    /// Claims the message for `owner`, unless there is a claim already, and returns the claim that counts.
    pub(crate) async fn make_claim(
        &self,
        folder: &MessageFolder<'_>,
        owner: &str,
    ) -> Result<String, StoreError> {
        self.first_write(&folder.key(ChunkEntry::Claim), owner).await
    }

    pub(crate) async fn claim(&self, folder: &MessageFolder<'_>) -> Result<Option<String>, StoreError> {
        let claim = self.store.get(&folder.key(ChunkEntry::Claim)).await?;
        Ok(claim.map(|object| String::from_utf8_lossy(&object.body).into_owned()))
    }

    /// Writes a word unless one is there already, and returns the one that is there.
    async fn first_write(&self, key: &str, word: &str) -> Result<String, StoreError> {
        let body = Bytes::copy_from_slice(word.as_bytes());
        if let Created::Written(_) = self.store.create(key, body, &Attributes::default()).await? {
            return Ok(word.to_owned());
        }
        let there = self.store.get(key).await?;
        Ok(there.map_or_else(|| word.to_owned(), |object| String::from_utf8_lossy(&object.body).into_owned()))
    }

    /// Copies every kept piece to quarantine, in the form of the record it was, and returns how many there
    /// are.
    pub(crate) async fn put_aside(
        &self,
        folder: &MessageFolder<'_>,
        quarantine: Quarantine<'_, S>,
        reason: &Reason,
    ) -> Result<usize, DeliveryError> {
        let keys = self.piece_keys(folder).await?;
        for key in &keys {
            if let Some(piece) = self.store.get(key).await? {
                quarantine.keep_piece(&piece, reason).await?;
            }
        }
        Ok(keys.len())
    }

    async fn piece_keys(&self, folder: &MessageFolder<'_>) -> Result<Vec<String>, StoreError> {
        let prefix = folder.prefix();
        let is_piece =
            |key: &str| ChunkKey::parse(key).is_some_and(|key| matches!(key.entry, ChunkEntry::Piece(_)));
        let keys = list_all(self.store, &prefix).take(MAX_KEYS).map_ok(|listed| listed.key);
        keys.try_filter(|key| future::ready(is_piece(key))).try_collect().await
    }
}

fn begin(framed: &[u8], message_bytes: usize) -> Result<(Chunk<'_>, Reassembly), Reason> {
    let chunk = Chunk::read(framed).map_err(|error| Reason::of_error("chunk", &error))?;
    if chunk.message.count > MAX_PIECES {
        return Err(Reason::new("chunk_count", "the message has more pieces than are kept"));
    }
    let reassembly = Reassembly::new(chunk.message, message_bytes);
    Ok((chunk, reassembly.map_err(|error| Reason::of_error("message_bytes", &error))?))
}

fn late() -> Reason {
    Reason::new("chunk_late", "the message was given up as incomplete")
}
