//! What every object store does, whatever is behind it.

use std::collections::BTreeMap;

use crate::store::{
    Attributes, Created, ETag, Listed, MAX_LISTED_KEYS, ObjectStore, RangeRead, Replaced, StoreError,
    list_all,
};
use bytes::Bytes;
use futures::TryStreamExt as _;
use futures::future::join_all;

/// Checks every rule on one store, whose bucket is empty.
///
/// # Panics
/// Where a rule does not hold; the message says which.
pub async fn holds_for<S: ObjectStore>(store: &S) {
    an_object_is_created_once(store).await;
    only_the_tag_seen_is_replaced(store).await;
    attributes_come_back_as_given(store).await;
    what_is_absent_is_none(store).await;
    ranges_are_read_from_one_version(store).await;
    listings_go_by_prefix_in_key_order(store).await;
    a_listing_of_many_keys_goes_on_page_after_page(store).await;
    odd_keys_are_kept_or_refused_never_rewritten(store).await;
    one_of_many_creators_wins(store).await;
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn create<S: ObjectStore>(store: &S, key: &str, body: &str) -> Created {
    store.create(key, bytes(body), &Attributes::default()).await.unwrap()
}

async fn must_create<S: ObjectStore>(store: &S, key: &str, body: &str) -> ETag {
    match create(store, key, body).await {
        Created::Written(etag) => etag,
        Created::Exists => panic!("{key} exists"),
    }
}

async fn body<S: ObjectStore>(store: &S, key: &str) -> Bytes {
    store.get(key).await.unwrap().unwrap().body
}

async fn an_object_is_created_once<S: ObjectStore>(store: &S) {
    let etag = must_create(store, "once/a", "first").await;
    assert_eq!(create(store, "once/a", "second").await, Created::Exists);
    assert_eq!(create(store, "once/a", "first").await, Created::Exists, "equal bytes are no own write");
    let object = store.get("once/a").await.unwrap().unwrap();
    assert_eq!((&object.body[..], &object.head.etag, object.head.size), (&b"first"[..], &etag, 5));
}

async fn only_the_tag_seen_is_replaced<S: ObjectStore>(store: &S) {
    let none = Attributes::default();
    let first = must_create(store, "replace/a", "first").await;
    let Replaced::Written(second) = store.replace("replace/a", &first, bytes("second"), &none).await.unwrap()
    else {
        panic!("the tag was current");
    };
    assert_ne!(first, second);
    let late = store.replace("replace/a", &first, bytes("late"), &none).await.unwrap();
    assert_eq!(late, Replaced::Changed);
    assert_eq!(&body(store, "replace/a").await[..], b"second");
    let absent = store.replace("replace/absent", &first, bytes("x"), &none).await.unwrap();
    assert_eq!(absent, Replaced::Changed);
    assert_eq!(store.get("replace/absent").await.unwrap(), None);
}

async fn attributes_come_back_as_given<S: ObjectStore>(store: &S) {
    let metadata = [("first", "4959"), ("schema", "crime 1"), ("with-dash", "a=b;c")];
    let attributes = Attributes {
        content_type: Some("application/x-ndjson".into()),
        content_encoding: Some("gzip".into()),
        metadata: metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    };
    store.create("attributes/a", bytes("x"), &attributes).await.unwrap();
    assert_eq!(store.head("attributes/a").await.unwrap().unwrap().attributes, attributes);
    assert_eq!(store.get("attributes/a").await.unwrap().unwrap().head.attributes, attributes);
    let metadata = BTreeMap::from([("name".to_owned(), "line\nbreak".to_owned())]);
    let unfit = Attributes { metadata, ..Attributes::default() };
    let refused = store.create("attributes/b", bytes("x"), &unfit).await.unwrap_err();
    assert!(matches!(refused, StoreError::InvalidAttributes { .. }), "{refused}");
}

async fn what_is_absent_is_none<S: ObjectStore>(store: &S) {
    assert_eq!(store.get("absent").await.unwrap(), None);
    assert_eq!(store.head("absent").await.unwrap(), None);
    assert_eq!(store.list("absent/", None).await.unwrap(), []);
}

async fn ranges_are_read_from_one_version<S: ObjectStore>(store: &S) {
    let etag = must_create(store, "range/a", "0123456789").await;
    for (range, expected) in [(0..4, "0123"), (4..10, "456789"), (9..10, "9")] {
        let read = store.read_range("range/a", &etag, range).await.unwrap();
        assert_eq!(read, RangeRead::Bytes(bytes(expected)));
    }
    store.replace("range/a", &etag, bytes("abcdefghij"), &Attributes::default()).await.unwrap();
    assert_eq!(store.read_range("range/a", &etag, 0..4).await.unwrap(), RangeRead::Changed);
    assert_eq!(store.read_range("range/gone", &etag, 0..4).await.unwrap(), RangeRead::Changed);
}

async fn listings_go_by_prefix_in_key_order<S: ObjectStore>(store: &S) {
    for key in ["list/b/2", "list/a", "list/b/1", "list/b/10", "listed"] {
        must_create(store, key, key).await;
    }
    let keys = |listed: Vec<Listed>| listed.into_iter().map(|l| l.key).collect::<Vec<_>>();
    let all = store.list("list/", None).await.unwrap();
    assert!(all.iter().all(|listed| listed.size == listed.key.len() as u64 && listed.modified_at_ms > 0));
    assert_eq!(keys(all), ["list/a", "list/b/1", "list/b/10", "list/b/2"]);
    assert_eq!(keys(store.list("list/b/1", None).await.unwrap()), ["list/b/1", "list/b/10"]);
    assert_eq!(keys(store.list("list/b/", Some("list/b/10")).await.unwrap()), ["list/b/2"]);
}

async fn a_listing_of_many_keys_goes_on_page_after_page<S: ObjectStore>(store: &S) {
    let keys: Vec<String> = (0..=MAX_LISTED_KEYS).map(|n| format!("pages/{n:04}")).collect();
    for some in keys.chunks(50) {
        join_all(some.iter().map(|key| must_create(store, key, ""))).await;
    }
    assert_eq!(store.list("pages/", None).await.unwrap().len(), MAX_LISTED_KEYS);
    let listed: Vec<Listed> = list_all(store, "pages/").try_collect().await.unwrap();
    assert_eq!(listed.into_iter().map(|listed| listed.key).collect::<Vec<_>>(), keys);
}

async fn odd_keys_are_kept_or_refused_never_rewritten<S: ObjectStore>(store: &S) {
    let odd = ["odd/a b", "odd/a+b", "odd/a%20b", "odd/~#{}*", "odd/é", "odd/a=b&c", "odd/a:b"];
    for key in odd {
        must_create(store, key, key).await;
        assert_eq!(body(store, key).await, bytes(key));
    }
    let mut listed: Vec<_> = store.list("odd/", None).await.unwrap().into_iter().map(|l| l.key).collect();
    let mut expected = odd.to_vec();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for key in ["", "/a", "a//b", "a/../b"] {
        let refused = store.create(key, bytes("x"), &Attributes::default()).await.unwrap_err();
        assert!(matches!(refused, StoreError::InvalidKey { .. }), "{key:?}: {refused}");
    }
}

async fn one_of_many_creators_wins<S: ObjectStore>(store: &S) {
    let bodies: Vec<String> = (0..8).map(|n| format!("creator {n}")).collect();
    let ended = join_all(bodies.iter().map(|body| create(store, "race/a", body))).await;
    let winners: Vec<_> =
        bodies.iter().zip(&ended).filter(|(_, ended)| matches!(ended, Created::Written(_))).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(body(store, "race/a").await, bytes(winners[0].0));
}
