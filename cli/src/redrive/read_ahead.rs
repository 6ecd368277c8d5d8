//! Reads failures ahead, while those that were found before are fed.

use std::error::Error;
use std::sync::Arc;

use edge::store::StoreError;
use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use tokio::sync::{Semaphore, mpsc};

use super::feed::Feed;
use crate::failures::{Content, Looked};

/// The most bytes that are read and not fed yet. A single object may have more.
const MAX_BYTES: u32 = 32 << 20;
/// The memory that an item takes beside its payload, in bytes.
const ITEM_BYTES: usize = 500;

/// Feeds everything that is found, until the limit is reached. If something can't be read, a step that has begun is
/// still finished.
pub(super) async fn feed_all(
    feed: &mut Feed<'_>,
    mut found: BoxStream<'_, Result<Looked, StoreError>>,
) -> (Result<(), StoreError>, Result<(), Box<dyn Error>>) {
    let room = Arc::new(Semaphore::new(MAX_BYTES as usize));
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let reads = async {
        let sender = sender;
        while let Some(looked) = found.try_next().await? {
            let Ok(taken) = Arc::clone(&room).acquire_many_owned(bytes(&looked)).await else { break };
            // The receiver is gone once the limit is reached.
            if sender.send((looked, taken)).is_err() {
                break;
            }
        }
        Ok(())
    };
    let feeds = async {
        while let Some((looked, taken)) = receiver.recv().await {
            drop(taken);
            match feed.take(looked).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    room.close();
                    return Err(error);
                }
            }
        }
        room.close();
        Ok(())
    };
    tokio::join!(reads, feeds)
}

fn bytes(looked: &Looked) -> u32 {
    let bytes = looked.items.iter().flatten().map(|item| match &item.content {
        Content::Record(record) => record.payload_base64.len() + ITEM_BYTES,
        Content::Batch(given_up) => given_up.payload.as_ref().map_or(0, String::len) + ITEM_BYTES,
    });
    u32::try_from(bytes.sum::<usize>()).unwrap_or(MAX_BYTES).min(MAX_BYTES)
}
