//! A source that waits while the file system refuses.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::{Page, PageLimit, Place, SourceShard, StreamError, StreamSource};
use crate::aws::clock::{Clock, milliseconds};
use crate::aws::event::{Event, Observer};

/// The pause before the file system is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks its source again for as long as the file system refuses (a full disk, too many open files), and
/// reports that. Damage does not go away, so it is passed on.
pub(crate) struct Patient<S> {
    pub(crate) source: S,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
}

impl<S: StreamSource> Patient<S> {
    async fn until_it_works<'a, T>(
        &'a self,
        ask: impl Fn(&'a S) -> BoxFuture<'a, Result<T, StreamError>> + Send + 'a,
    ) -> Result<T, StreamError> {
        loop {
            let error = match ask(&self.source).await {
                Err(error) if may_pass(&error) => error,
                result => return result,
            };
            let message = format!("{}; it is tried again each second", edge::logging::chain(&error));
            self.observer.on(Event::Warning { message });
            self.clock.sleep_until(self.clock.now().saturating_add(milliseconds(PAUSE))).await;
        }
    }
}

fn may_pass(error: &StreamError) -> bool {
    let permanent = [ErrorKind::InvalidData, ErrorKind::InvalidInput, ErrorKind::NotFound];
    matches!(error, StreamError::Storage { source, .. } if !permanent.contains(&source.kind()))
}

impl<S: StreamSource> StreamSource for Patient<S> {
    fn shards(&self) -> BoxFuture<'_, Result<Vec<SourceShard>, StreamError>> {
        Box::pin(self.until_it_works(S::shards))
    }

    fn place(&self, shard: &str) -> Result<Place, StreamError> {
        self.source.place(shard)
    }

    fn read<'a>(
        &'a self,
        shard: &'a str,
        after: Option<&'a str>,
        limit: PageLimit,
    ) -> BoxFuture<'a, Result<Page, StreamError>> {
        Box::pin(self.until_it_works(move |source| source.read(shard, after, limit)))
    }

    fn pass<'a>(&'a self, shard: &'a str, place: Place) -> BoxFuture<'a, Result<(), StreamError>> {
        Box::pin(self.until_it_works(move |source| source.pass(shard, place.clone())))
    }

    fn changed(&self, seen: u64) -> BoxFuture<'_, u64> {
        self.source.changed(seen)
    }
}
