//! A source that may have nothing for a while, read by a task of its own, so that whoever asks it is answered in time.

use std::time::Duration;

use edge::sources::{Next, Source, SourceError};
use record_model::RecordError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Records that are read ahead.
const AHEAD: usize = 1024;
/// How long a record is waited for before the answer is that there is none yet.
const PATIENCE: Duration = Duration::from_millis(200);

/// The records of another source; where it has none for a moment, [`Next::Wait`].
pub(super) struct Patient {
    items: mpsc::Receiver<Item>,
    /// Behind the last record.
    position: u64,
    reader: JoinHandle<()>,
}

enum Item {
    Record { payload: Vec<u8>, position: u64, next: u64 },
    Bad { payload: Vec<u8>, position: u64, next: u64, error: RecordError },
    End { position: u64 },
    Failed(SourceError),
}

impl Patient {
    /// Reads `source` from `position` on, as far ahead as there is room.
    pub(super) fn over<S: Source + 'static>(mut source: S, position: u64) -> Self {
        let (sender, items) = mpsc::channel(AHEAD);
        let reader = tokio::spawn(async move {
            loop {
                let mut payload = Vec::new();
                let item = match source.next(&mut payload).await {
                    Ok(Next::Record { position, next }) => Item::Record { payload, position, next },
                    Ok(Next::Bad { position, next, error }) => Item::Bad { payload, position, next, error },
                    Ok(Next::End { position } | Next::Wait { position }) => Item::End { position },
                    Err(error) => Item::Failed(error),
                };
                let is_last = matches!(item, Item::End { .. } | Item::Failed(_));
                if sender.send(item).await.is_err() || is_last {
                    return;
                }
            }
        });
        Self { items, position, reader }
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Source for Patient {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        let item = match self.items.try_recv() {
            Ok(item) => Some(item),
            Err(_) => match tokio::time::timeout(PATIENCE, self.items.recv()).await {
                Ok(item) => item,
                Err(_) => return Ok(Next::Wait { position: self.position }),
            },
        };
        payload.clear();
        Ok(match item {
            Some(Item::Record { payload: record, position, next }) => {
                (*payload, self.position) = (record, next);
                Next::Record { position, next }
            }
            Some(Item::Bad { payload: found, position, next, error }) => {
                (*payload, self.position) = (found, next);
                Next::Bad { position, next, error }
            }
            Some(Item::End { position }) => Next::End { position },
            Some(Item::Failed(error)) => return Err(error),
            None => return Err(SourceError::Read("reading ended without a word".into())),
        })
    }
}
