//! Standard input as a file that is read once, from its beginning.

use std::io::Read;

use bytes::Bytes;
use edge::sources::{ByteSource, Format, SourceError};
use tokio::sync::mpsc;

const PIECE_BYTES: usize = 64 << 10;
/// Pieces that are read ahead.
const AHEAD: usize = 8;

/// Bytes that come when they come: a thread waits for them.
pub(super) struct Piped {
    pieces: mpsc::Receiver<std::io::Result<Bytes>>,
    first: Option<Bytes>,
}

impl Piped {
    /// Waits for the first bytes.
    pub(super) async fn open(mut input: impl Read + Send + 'static) -> Result<Self, SourceError> {
        let (sender, pieces) = mpsc::channel(AHEAD);
        // It ends with the input, or with the process.
        std::thread::spawn(move || {
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                let read = input.read(&mut piece);
                let read = match read {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    read => {
                        read.map(|length| Bytes::copy_from_slice(piece.get(..length).unwrap_or_default()))
                    }
                };
                let is_last = read.as_ref().map_or(true, Bytes::is_empty);
                if sender.blocking_send(read).is_err() || is_last {
                    return;
                }
            }
        });
        let mut piped = Self { pieces, first: None };
        piped.first = piped.next_piece().await?;
        Ok(piped)
    }

    /// What the first bytes look like: JSON begins with a bracket.
    pub(super) fn format(&self) -> Format {
        let first = self.first.as_deref().unwrap_or_default();
        let first = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first).trim_ascii_start();
        if first.starts_with(b"{") || first.starts_with(b"[") { Format::JsonLines } else { Format::Csv }
    }
}

impl ByteSource for Piped {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, SourceError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        match self.pieces.recv().await {
            Some(Ok(piece)) => Ok(Some(piece).filter(|piece| !piece.is_empty())),
            Some(Err(error)) => Err(SourceError::Read(error.into())),
            None => Ok(None),
        }
    }
}
