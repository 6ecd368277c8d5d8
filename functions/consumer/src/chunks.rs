//! Pieces of messages, kept in S3 until one record makes the message whole; that record puts it out.
//!
//! `state/chunks/<stream>/<message id>/<index>` holds a piece with its place, `…/claim` the place of the record the
//! message belongs to, or [`SWEPT`]. Nothing is deleted here: a late copy of a piece must find the claim, so the
//! bucket's lifecycle for this prefix must outlast the stream's retention.

use bytes::Bytes;
use edge::{Attributes, Created, MAX_LISTED_KEYS, Object, ObjectStore, StoreError};
use record_model::chunk::{Chunk, Message, Reassembly, Verdict};

use crate::piece_place;
use crate::poison::Reason;
use crate::position::Position;

/// Largest message, in bytes.
const MAX_MESSAGE_BYTES: usize = 32 << 20;
/// Most pieces of one message: each costs a request.
const MAX_PIECES: u32 = 10_000;
/// The claim of the sweep, which no record's place can equal.
pub(crate) const SWEPT: &str = "swept";
const CLAIM: &str = "claim";

/// What became of a piece.
#[derive(Debug)]
pub(crate) enum Kept {
    /// Others are still to come, or another record puts the message out.
    Waiting,
    /// This record puts out the whole message.
    Whole(Vec<u8>),
    /// The piece is its record's alone, for quarantine.
    Refused(Reason),
    /// All pieces are there and are no message: every one goes to quarantine.
    Broken(Vec<Object>, Reason),
}

/// The kept pieces of one stream.
pub(crate) struct Chunks<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) stream: &'a str,
}

impl<S: ObjectStore> Chunks<'_, S> {
    /// Keeps the piece of the record at `here`, and puts its message together if that makes it whole.
    pub(crate) async fn keep(
        &self,
        framed: &[u8],
        here: &Position<'_>,
        partition_key: &str,
    ) -> Result<Kept, StoreError> {
        let (chunk, reassembly) = match begin(framed) {
            Ok(begun) => begun,
            Err(reason) => return Ok(Kept::Refused(reason)),
        };
        let folder = self.folder(&chunk.message);
        let key = format!("{folder}/{:010}", chunk.index);
        let attributes = piece_place::write(here, partition_key);
        let created = self.store.create(&key, Bytes::copy_from_slice(framed), &attributes).await?;
        if created == Created::Exists && self.store.get(&key).await?.is_some_and(|kept| kept.body != framed) {
            return Ok(Kept::Refused(Reason::new("chunk_conflict", "another piece has this index already")));
        }
        let claim = self.claim(&folder).await?;
        if claim.as_deref() == Some(SWEPT) {
            return Ok(late());
        }
        let here = here.to_string();
        if claim.as_ref().is_some_and(|owner| *owner != here) {
            return Ok(Kept::Waiting);
        }
        let pieces = self.pieces(&folder, chunk.message.count).await?;
        self.put_out(&folder, with_pieces(reassembly, &pieces), pieces, claim, &here).await
    }

    async fn put_out(
        &self,
        folder: &str,
        reassembly: Reassembly,
        pieces: Vec<Object>,
        mut claim: Option<String>,
        here: &String,
    ) -> Result<Kept, StoreError> {
        loop {
            match reassembly.verdict(claim.as_ref(), here) {
                Verdict::Anothers if claim.as_deref() == Some(SWEPT) => return Ok(late()),
                Verdict::Incomplete { .. } | Verdict::Anothers => return Ok(Kept::Waiting),
                Verdict::Unclaimed => claim = Some(self.make_claim(folder, here).await?),
                Verdict::Mine => {
                    return Ok(match reassembly.message() {
                        Ok(message) => Kept::Whole(message),
                        Err(error) => Kept::Broken(pieces, Reason::of_error("message", &error)),
                    });
                }
            }
        }
    }

    /// Claims the message for `owner` and gives the claim that stands.
    pub(crate) async fn make_claim(&self, folder: &str, owner: &str) -> Result<String, StoreError> {
        let body = Bytes::copy_from_slice(owner.as_bytes());
        let created = self.store.create(&format!("{folder}/{CLAIM}"), body, &Attributes::default()).await?;
        match created {
            Created::Written(_) => Ok(owner.to_owned()),
            // Claims are never removed while their stream remembers the record.
            Created::Exists => Ok(self.claim(folder).await?.unwrap_or_else(|| owner.to_owned())),
        }
    }

    pub(crate) async fn claim(&self, folder: &str) -> Result<Option<String>, StoreError> {
        let claim = self.store.get(&format!("{folder}/{CLAIM}")).await?;
        Ok(claim.map(|object| String::from_utf8_lossy(&object.body).into_owned()))
    }

    /// Every kept piece, if there are at least `count`; else none.
    pub(crate) async fn pieces(&self, folder: &str, count: u32) -> Result<Vec<Object>, StoreError> {
        let keys = self.piece_keys(folder).await?;
        let mut pieces = Vec::new();
        if keys.len() >= count as usize {
            for key in keys {
                pieces.extend(self.store.get(&key).await?);
            }
        }
        Ok(pieces)
    }

    async fn piece_keys(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let prefix = format!("{folder}/");
        let mut keys: Vec<String> = Vec::new();
        loop {
            let page = self.store.list(&prefix, keys.last().map(String::as_str)).await?;
            let is_last = page.len() < MAX_LISTED_KEYS;
            keys.extend(page.into_iter().map(|listed| listed.key));
            if is_last || keys.len() > MAX_PIECES as usize {
                break;
            }
        }
        keys.retain(|key| key.rsplit('/').next().is_some_and(|name| name.parse::<u32>().is_ok()));
        Ok(keys)
    }

    /// What all pieces of a message agree on is in the name: a piece that says otherwise is of another message.
    fn folder(&self, message: &Message) -> String {
        let Message { id, count, length, crc32c } = message;
        format!("state/chunks/{}/{id:032x}-{crc32c:08x}-{length}-{count}", self.stream)
    }
}

fn begin(framed: &[u8]) -> Result<(Chunk<'_>, Reassembly), Reason> {
    let chunk = Chunk::read(framed).map_err(|error| Reason::of_error("chunk", &error))?;
    if chunk.message.count > MAX_PIECES {
        return Err(Reason::new("chunk_count", "the message has more pieces than are kept"));
    }
    let reassembly = Reassembly::new(chunk.message, MAX_MESSAGE_BYTES);
    Ok((chunk, reassembly.map_err(|error| Reason::of_error("message_bytes", &error))?))
}

/// Pieces that do not fit are left out: then the message stays incomplete, and the sweep finds them.
fn with_pieces(mut reassembly: Reassembly, pieces: &[Object]) -> Reassembly {
    for chunk in pieces.iter().filter_map(|piece| Chunk::read(&piece.body).ok()) {
        let _ = reassembly.add(&chunk);
    }
    reassembly
}

fn late() -> Kept {
    Kept::Refused(Reason::new("chunk_late", "the message was given up as incomplete"))
}
