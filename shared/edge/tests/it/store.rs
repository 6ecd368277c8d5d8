//! The object store port: one contract for all, and what S3 alone can get wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]
#![cfg(all(feature = "s3", feature = "contract-tests"))]

use super::s3_server;

use std::time::Duration;

use bytes::Bytes;
use edge::aws::{AwsSettings, S3Store};
use edge::contract_tests;
use edge::store::{Attributes, Created, ETag, InMemoryStore, ObjectStore, Replaced, StoreError};
use s3_server::{S3Server, Step};

async fn s3_store() -> (S3Server, S3Store) {
    let (server, aws) = S3Server::start().await;
    (server, S3Store::connect("bucket", &aws).unwrap().with_patience(Duration::from_millis(400)))
}

async fn create(store: &S3Store, body: &'static str) -> Result<Created, StoreError> {
    store.create("a", Bytes::from_static(body.as_bytes()), &Attributes::default()).await
}

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    contract_tests::store::holds_for(&InMemoryStore::new()).await;
}

#[tokio::test]
async fn the_s3_store_keeps_the_contract() {
    let (_server, store) = s3_store().await;
    contract_tests::store::holds_for(&store).await;
}

#[tokio::test]
async fn a_conflict_on_create_is_tried_again_and_never_taken_for_an_object_that_exists() {
    let (server, store) = s3_store().await;
    server.script([Step::Answer(409)]);
    assert!(matches!(create(&store, "x").await, Ok(Created::Written(_))));
    assert_eq!(server.requests(), 2);
    server.script([Step::Answer(409); 100]);
    assert!(create(&store, "x").await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn an_own_create_whose_answer_was_lost_counts_as_written() {
    let (server, store) = s3_store().await;
    server.script([Step::DoAndAnswer(500)]);
    assert!(matches!(create(&store, "x").await, Ok(Created::Written(_))));
    assert_eq!(create(&store, "x").await.unwrap(), Created::Exists, "equal bytes of another write");
}

#[tokio::test]
async fn an_own_replacement_whose_answer_was_lost_counts_as_written() {
    let (server, store) = s3_store().await;
    let Ok(Created::Written(etag)) = create(&store, "first").await else { panic!("not written") };
    server.script([Step::DoAndAnswer(503)]);
    let body = Bytes::from_static(b"second");
    let replaced = store.replace("a", &etag, body.clone(), &Attributes::default()).await.unwrap();
    let Replaced::Written(second) = replaced else { panic!("taken for another's write") };
    assert_eq!(store.head("a").await.unwrap().unwrap().etag, second);
    assert_eq!(store.replace("a", &etag, body, &Attributes::default()).await.unwrap(), Replaced::Changed);
}

#[tokio::test]
async fn a_conflict_on_replace_is_tried_again() {
    let (server, store) = s3_store().await;
    let Ok(Created::Written(etag)) = create(&store, "first").await else { panic!("not written") };
    server.script([Step::Answer(409), Step::Answer(409)]);
    let body = Bytes::from_static(b"second");
    let replaced = store.replace("a", &etag, body, &Attributes::default()).await.unwrap();
    assert!(matches!(replaced, Replaced::Written(_)));
}

#[tokio::test]
async fn a_store_that_stays_down_is_given_up_within_its_patience() {
    let (server, store) = s3_store().await;
    server.script(std::iter::repeat_n(Step::Answer(503), 10_000));
    let failed = create(&store, "x").await.unwrap_err();
    assert!(matches!(failed, StoreError::Unavailable { attempts: 2..1_000, .. }), "{failed:?}");
    assert!(store.get("a").await.unwrap_err().is_retryable());
    assert!(store.list("", None).await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn a_denial_is_final_and_sent_once() {
    let (server, store) = s3_store().await;
    server.script([Step::Answer(403)]);
    let denied = create(&store, "x").await.unwrap_err();
    assert!(matches!(denied, StoreError::Denied { operation: "create", .. }), "{denied}");
    assert_eq!((server.requests(), denied.is_retryable()), (1, false));
}

#[tokio::test]
async fn an_endpoint_url_is_addressed_by_path() {
    let (server, store) = s3_store().await;
    store.head("a/b").await.unwrap();
    assert_eq!(server.targets(), ["/bucket/a/b"]);
}

#[tokio::test]
async fn a_replacement_of_an_absent_object_leaves_nothing() {
    let (_server, store) = s3_store().await;
    let etag = ETag::new("\"0\"");
    let replaced = store.replace("a", &etag, Bytes::new(), &Attributes::default()).await.unwrap();
    assert_eq!((replaced, store.get("a").await.unwrap()), (Replaced::Changed, None));
}

#[test]
fn a_store_that_is_only_connected_sends_nothing() {
    let aws = AwsSettings { region: "eu-west-1".into(), ..AwsSettings::default() };
    assert!(S3Store::connect("bucket.with.dots", &aws).is_ok());
}
