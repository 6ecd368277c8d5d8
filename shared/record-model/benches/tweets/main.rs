//! A tweet and a retweet of version 1.1, a hundred members each and few of them asked for: read by schema, and by
//! structs made by hand for these tweets alone.
//!
//! `cargo bench -p record-model --bench tweets`

#![expect(clippy::expect_used, reason = "a bench has nobody to hand an error to")]

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use record_model::{RecordContext, Schema};
use serde::{Deserialize, Serialize};

const TWEETS: &str = include_str!("made_up.jsonl");

/// What serde makes of a tweet: texts stay as they are written, and so does the time.
#[derive(Deserialize, Serialize)]
struct Tweet<'a> {
    #[serde(borrow)]
    id_str: Cow<'a, str>,
    #[serde(borrow)]
    created_at: Cow<'a, str>,
    #[serde(borrow)]
    lang: Cow<'a, str>,
    full_text: Cow<'a, str>,
    #[serde(borrow)]
    user: User<'a>,
    retweet_count: u64,
    favorite_count: u64,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    retweeted_status: Option<Box<Tweet<'a>>>,
}

#[derive(Deserialize, Serialize)]
struct User<'a> {
    #[serde(borrow)]
    id_str: Cow<'a, str>,
    #[serde(borrow)]
    screen_name: Cow<'a, str>,
    followers_count: u64,
}

fn tweets(criterion: &mut Criterion) {
    let schema = Schema::built_in("tweets").expect("a built-in schema");
    let context = RecordContext::default();
    let mut group = criterion.benchmark_group("tweets to typed json");
    group.throughput(Throughput::Bytes(TWEETS.len() as u64));
    let mut out = Vec::new();
    group.bench_function("by schema", |bencher| {
        bencher.iter(|| {
            out.clear();
            for tweet in black_box(TWEETS).lines() {
                let mut opened = schema.open(tweet.as_bytes()).expect("JSON");
                black_box(opened.text_of().expect("a text"));
                opened.write_typed_json(&context, &mut out).expect("a good tweet");
            }
            out.len()
        });
    });
    let mut out = Vec::new();
    group.bench_function("by hand", |bencher| {
        bencher.iter(|| {
            out.clear();
            for tweet in black_box(TWEETS).lines() {
                let tweet: Tweet<'_> = serde_json::from_str(tweet).expect("a good tweet");
                serde_json::to_writer(&mut out, &tweet).expect("a Vec takes every byte");
            }
            out.len()
        });
    });
    group.finish();
}

criterion_group!(benches, tweets);
criterion_main!(benches);
