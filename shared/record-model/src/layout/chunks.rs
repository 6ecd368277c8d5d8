//! Keys of the pieces of chunked messages.

use std::fmt;

use super::under;
use crate::chunk::Message;

const ROOT: &str = "state/chunks";
const VERDICT: &str = "verdict-";
const CLAIM: &str = "claim";
const IN_QUARANTINE: &str = "in-quarantine";

/// The folder of one message. Its name contains everything on which all pieces of a message agree, so a piece
/// that says otherwise belongs to another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageFolder<'a> {
    /// Name of the stream.
    pub stream: &'a str,
    /// The message.
    pub message: Message,
}

/// One object in a message's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkKey<'a> {
    /// The message.
    pub folder: MessageFolder<'a>,
    /// What the object is.
    pub entry: ChunkEntry<'a>,
}

/// What is kept about a message that arrives in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkEntry<'a> {
    /// The piece with this index.
    Piece(u32),
    /// Whether the record with this id waits for other pieces or claims the message.
    Verdict(&'a str),
    /// The id of the record that the message belongs to.
    Claim,
    /// The mark of a message that was given up, and whose pieces are in quarantine.
    InQuarantine,
}

impl<'a> MessageFolder<'a> {
    /// What the keys of a stream's messages begin with.
    pub fn prefix_of_all(stream: &str) -> String {
        format!("{ROOT}/{stream}/")
    }

    /// What the keys of this message begin with.
    pub fn prefix(&self) -> String {
        format!("{self}/")
    }

    /// The key of an object in this folder.
    pub fn key(&self, entry: ChunkEntry<'_>) -> String {
        ChunkKey { folder: *self, entry }.key()
    }

    fn parse(stream: &'a str, name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        let mut part = || parts.next();
        let message = Message {
            id: u128::from_str_radix(part()?, 16).ok()?,
            crc32c: u32::from_str_radix(part()?, 16).ok()?,
            length: part()?.parse().ok()?,
            count: part()?.parse().ok()?,
        };
        Some(Self { stream, message })
    }
}

impl fmt::Display for MessageFolder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, message: Message { id, count, length, crc32c } } = self;
        write!(f, "{ROOT}/{stream}/{id:032x}-{crc32c:08x}-{length}-{count}")
    }
}

impl<'a> ChunkKey<'a> {
    /// The key.
    pub fn key(&self) -> String {
        let folder = &self.folder;
        match self.entry {
            ChunkEntry::Piece(index) => format!("{folder}/{index:010}"),
            ChunkEntry::Verdict(id) => format!("{folder}/{VERDICT}{id}"),
            ChunkEntry::Claim => format!("{folder}/{CLAIM}"),
            ChunkEntry::InQuarantine => format!("{folder}/{IN_QUARANTINE}"),
        }
    }

    /// Reads a key that [`key`](Self::key) writes.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (stream, rest) = under(key, ROOT)?;
        let (name, entry) = rest.split_once('/')?;
        let folder = MessageFolder::parse(stream, name)?;
        let entry = match entry {
            CLAIM => ChunkEntry::Claim,
            IN_QUARANTINE => ChunkEntry::InQuarantine,
            entry => match entry.strip_prefix(VERDICT) {
                Some(id) => ChunkEntry::Verdict(id),
                None => ChunkEntry::Piece(entry.parse().ok()?),
            },
        };
        let read = Self { folder, entry };
        (read.key() == key).then_some(read)
    }
}
