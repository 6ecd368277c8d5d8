//! A listing of any length, page by page.

use futures::stream::{self, Stream, TryStreamExt as _};

use super::{Listed, MAX_LISTED_KEYS, ObjectStore, StoreError};

/// Returns every object whose key starts with `prefix`, in ascending order of keys. One page is in memory,
/// and the next is asked for when it is used up, so an object that is written in the meantime may or may not
/// be listed. Ends at the first error.
pub fn list_all<'a, S: ObjectStore>(
    store: &'a S,
    prefix: &'a str,
) -> impl Stream<Item = Result<Listed, StoreError>> + Send + 'a {
    let pages = stream::try_unfold(Some(None), move |after: Option<Option<String>>| async move {
        let Some(after) = after else { return Ok(None) };
        let page = store.list(prefix, after.as_deref()).await?;
        let is_last = page.len() < MAX_LISTED_KEYS;
        let next = page.last().filter(|_| !is_last).map(|last| Some(last.key.clone()));
        Ok(Some((stream::iter(page.into_iter().map(Ok)), next)))
    });
    pages.try_flatten()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::store::{Attributes, InMemoryStore, StoreFault};

    #[tokio::test]
    async fn every_page_is_listed_and_nothing_beside_the_prefix() {
        for count in [0, 1, MAX_LISTED_KEYS - 1, MAX_LISTED_KEYS, MAX_LISTED_KEYS + 1, 2 * MAX_LISTED_KEYS] {
            let store = InMemoryStore::new();
            let keys: Vec<String> = (0..count).map(|n| format!("a/{n:05}")).collect();
            for key in keys.iter().map(String::as_str).chain(["a", "b/0"]) {
                store.create(key, Bytes::new(), &Attributes::default()).await.unwrap();
            }
            let listed: Vec<Listed> = list_all(&store, "a/").try_collect().await.unwrap();
            assert_eq!(listed.into_iter().map(|listed| listed.key).collect::<Vec<_>>(), keys);
        }
    }

    #[tokio::test]
    async fn a_page_that_fails_ends_the_listing_with_its_error() {
        let store = InMemoryStore::new();
        store.set_faults(|operation, _| (operation == "list").then_some(StoreFault::Refused));
        let listed: Result<Vec<Listed>, _> = list_all(&store, "a/").try_collect().await;
        assert!(listed.unwrap_err().is_retryable());
    }
}
