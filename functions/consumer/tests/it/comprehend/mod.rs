//! The handler with Amazon Comprehend, through the real client and a server on loopback.

mod server;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use consumer::{ComprehendEnricher, Consumer, ConsumerSettings};
use edge::lambda::Invocation;
use edge::settings::Settings;
use edge::store::InMemoryStore;
use record_model::{Content, Decoder, Limits, Schema, chunk};
use serde_json::{Value, json};

use super::handler::event::{Record, event};
use server::Server;

struct Fixture {
    server: Server,
    bucket: Arc<InMemoryStore>,
    consumer: Consumer<Arc<InMemoryStore>, ComprehendEnricher>,
}

impl Fixture {
    async fn new() -> Self {
        let server = Server::start().await;
        let mut environment = Settings::from_map([
            ("SCHEMA", "tweets"),
            ("OUTPUT_BUCKET", "bucket"),
            ("ENRICHER", "comprehend"),
            ("DEADLINE_MARGIN_MS", "1000"),
            ("WORKERS", "2"),
        ]);
        let settings = ConsumerSettings::read(&mut environment);
        environment.finish().unwrap();
        let bucket = Arc::new(InMemoryStore::new());
        let enricher = ComprehendEnricher::connect(&server.aws, settings.keywords).unwrap();
        let schema = Schema::built_in("tweets").unwrap();
        let consumer = Consumer::new(Arc::clone(&bucket), enricher, schema, settings);
        Self { server, bucket, consumer }
    }

    /// The answer and the metrics, within the time given.
    async fn answer_within(&self, records: &[Record<'_>], left: Duration) -> (Value, String) {
        let invocation = Invocation {
            body: Bytes::from(event(records)),
            request_id: format!("{:?}", SystemTime::now()),
            deadline: SystemTime::now() + left,
            function_arn: String::new(),
            trace_id: None,
            cold_start: false,
        };
        let (answer, metrics) = self.consumer.answer(&invocation).await.unwrap();
        (serde_json::from_slice(&answer).unwrap(), format!("{metrics:?}"))
    }

    async fn answer(&self, records: &[Record<'_>]) -> Value {
        self.answer_within(records, Duration::from_mins(1)).await.0
    }

    /// Every line in the bucket, in the order of the keys.
    fn lines(&self) -> Vec<Value> {
        let objects = self.bucket.objects();
        let outputs = objects.iter().filter(|(key, _)| key.starts_with("enriched/"));
        let plain: String = outputs.map(|(_, object)| plain(&object.body)).collect();
        plain.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn plain(body: &[u8]) -> String {
    let mut plain = Vec::new();
    Decoder::new(Limits::default())
        .decode(body, &mut |record| match record.content {
            Ok(Content::Payload(payload)) => plain.extend_from_slice(payload),
            other => panic!("{other:?}"),
        })
        .unwrap();
    String::from_utf8(plain).unwrap()
}

fn tweet(language: &str, text: &str) -> String {
    json!({ "id_str": "1", "lang": language, "full_text": text }).to_string()
}

fn failed_from(sequence_number: &str) -> Value {
    json!({ "batchItemFailures": [{ "itemIdentifier": sequence_number }] })
}

fn success() -> Value {
    json!({ "batchItemFailures": [] })
}

/// So many English tweets with the numbers from 100 on, each with its own text.
struct Tweets {
    numbers: Vec<String>,
    tweets: Vec<String>,
}

impl Tweets {
    fn new(count: usize) -> Self {
        let numbers = (100..100 + count).map(|number| number.to_string()).collect();
        Self {
            numbers,
            tweets: (0..count).map(|index| tweet("en", &format!("text-{index} of many"))).collect(),
        }
    }

    fn records(&self) -> Vec<Record<'_>> {
        self.numbers.iter().zip(&self.tweets).map(|(number, tweet)| Record::text(number, tweet)).collect()
    }
}

/// The number in each line's id.
fn numbers(lines: &[Value]) -> Vec<String> {
    lines.iter().map(|line| line["id"].as_str().unwrap().split(':').nth(2).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_line_has_the_documented_form() {
    let fixture = Fixture::new().await;
    let records = [Record::text("1", &tweet("en", "positive words"))];
    let (answer, metrics) = fixture.answer_within(&records, Duration::from_mins(1)).await;
    assert_eq!(answer, success());
    let line = &fixture.lines()[0];
    let sentiment = json!({ "label": "positive", "score": 0.375, "compound": null,
        "positive": 0.5, "neutral": 0.25, "negative": 0.125, "mixed": 0.125 });
    assert_eq!(line["sentiment"], sentiment);
    let keywords = json!([{ "term": "positive", "score": 0.99 }, { "term": "river", "score": 0.9 }]);
    assert_eq!((&line["keywords"], &line["models"]), (&keywords, &json!("comprehend")));
    assert_eq!(line.get("enrichment_error"), None);
    // Two calls, three units each.
    assert!(metrics.contains(r#""comprehend_units": Number(6)"#), "{metrics}");
}

#[tokio::test]
async fn the_enricher_that_asks_comprehend_keeps_the_contract() {
    let server = Server::start().await;
    let enricher = ComprehendEnricher::connect(&server.aws, 3).unwrap();
    consumer::contract::holds_for(&enricher, &["positive words", "negative words of the river"]).await;
}

#[tokio::test]
async fn lines_stand_in_the_order_of_their_records_whatever_their_language() {
    let fixture = Fixture::new().await;
    let languages = ["en", "de", "nl", "ja"];
    let tweets: Vec<String> =
        (0..120).map(|index| tweet(languages[index % 4], &format!("text-{index} of many"))).collect();
    let numbered: Vec<String> = (100..220).map(|number| number.to_string()).collect();
    let records: Vec<_> = numbered.iter().zip(&tweets).map(|(n, tweet)| Record::text(n, tweet)).collect();
    assert_eq!(fixture.answer(&records).await, success());
    let lines = fixture.lines();
    assert_eq!(numbers(&lines), numbered);
    for (index, line) in lines.iter().enumerate() {
        let term = json!(format!("text-{index}"));
        assert_eq!(line["language"], languages[index % 4]);
        // Dutch is none of Comprehend's languages.
        assert_eq!(line["sentiment"].is_null(), index % 4 == 2, "{line}");
        assert_eq!(line["keywords"][0]["term"] == term, index % 4 != 2, "{line}");
    }
    let calls = fixture.server.calls();
    assert!(calls.iter().all(|call| call.texts.len() <= 25 && call.language != "nl"), "{calls:?}");
    assert_eq!(calls.len(), 2 * 3 * 2);
}

#[tokio::test]
async fn a_text_is_cut_at_a_character_and_sent_once_and_a_blank_one_never() {
    let fixture = Fixture::new().await;
    let long = tweet("en", &"€".repeat(2_000));
    let (same, blank) = (tweet("en", "the same"), tweet("en", " "));
    let records = [("1", &long), ("2", &same), ("3", &blank), ("4", &same)];
    let records = records.map(|(number, tweet)| Record::text(number, tweet));
    assert_eq!(fixture.answer(&records).await, success());
    assert_eq!(fixture.server.sentiment_texts(), ["€".repeat(1_666), "the same".to_owned()]);
    let lines = fixture.lines();
    assert_eq!(lines[0]["text"].as_str().unwrap().chars().count(), 2_000);
    assert_eq!(lines[1]["sentiment"], lines[3]["sentiment"]);
    assert!(lines[2]["sentiment"].is_null() && lines[1]["sentiment"].is_object());
}

#[tokio::test]
async fn calls_that_are_throttled_are_tried_again() {
    let fixture = Fixture::new().await;
    let codes =
        [(400, "ThrottlingException"), (400, "TooManyRequestsException"), (503, "ServiceUnavailable")];
    fixture.server.set_faults(move |number, _| codes.get(number).copied());
    let tweets = Tweets::new(3);
    assert_eq!(fixture.answer(&tweets.records()).await, success());
    assert_eq!(fixture.lines().len(), 3);
    assert_eq!(fixture.server.calls().len(), 5);
}

#[tokio::test]
async fn the_first_record_whose_text_stays_throttled_is_reported_and_the_retry_loses_and_doubles_none() {
    let fixture = Fixture::new().await;
    // The first two calls of 25 texts go through, then none does.
    let late = |text: &String| text.split([' ', '-']).nth(1).unwrap().parse::<usize>().unwrap() >= 50;
    fixture
        .server
        .set_faults(move |_, call| call.texts.iter().any(late).then_some((400, "ThrottlingException")));
    let tweets = Tweets::new(90);
    let records = tweets.records();
    let (answer, metrics) = fixture.answer_within(&records, Duration::from_millis(3_500)).await;
    assert_eq!(answer, failed_from("150"));
    assert!(metrics.contains("enricher_busy"), "{metrics}");
    assert_eq!(numbers(&fixture.lines()), tweets.numbers[..50]);
    fixture.server.set_faults(|_, _| None);
    assert_eq!(fixture.answer(&records[50..]).await, success());
    assert_eq!(numbers(&fixture.lines()), tweets.numbers);
}

#[tokio::test]
async fn a_retry_pays_for_no_text_that_was_answered() {
    let fixture = Fixture::new().await;
    fixture.server.set_faults(|_, call| (call.language == "de").then_some((400, "ThrottlingException")));
    let (english, german) = (tweet("en", "text"), tweet("de", "Text"));
    let records = [Record::text("1", &german), Record::text("2", &english)];
    assert_eq!(fixture.answer_within(&records, Duration::from_secs(3)).await.0, failed_from("1"));
    assert!(fixture.lines().is_empty());
    fixture.server.set_faults(|_, _| None);
    assert_eq!(fixture.answer(&records).await, success());
    assert_eq!(numbers(&fixture.lines()), ["1", "2"]);
    assert_eq!(fixture.server.sentiment_texts().iter().filter(|text| *text == "text").count(), 1);
}

#[tokio::test]
async fn an_error_of_one_text_marks_its_record_only() {
    let fixture = Fixture::new().await;
    let tweets = ["a text", "a text that fails", "another"].map(|text| tweet("en", text));
    let records = [("1", &tweets[0]), ("2", &tweets[1]), ("3", &tweets[2])];
    let records = records.map(|(number, tweet)| Record::text(number, tweet));
    assert_eq!(fixture.answer(&records).await, success());
    let lines = fixture.lines();
    assert_eq!(lines[1]["enrichment_error"], "INTERNAL_SERVER_ERROR");
    assert_eq!((&lines[1]["sentiment"], &lines[1]["keywords"]), (&Value::Null, &json!([])));
    assert!(lines[0]["sentiment"].is_object() && lines[2]["sentiment"].is_object());
}

#[tokio::test]
async fn a_text_that_comprehend_refuses_with_its_whole_call_costs_its_neighbours_nothing() {
    let fixture = Fixture::new().await;
    let is_bad = |text: &String| text.contains("bad");
    fixture
        .server
        .set_faults(move |_, call| call.texts.iter().any(is_bad).then_some((400, "InvalidRequestException")));
    let tweets = ["good", "bad"].map(|text| tweet("en", text));
    assert_eq!(
        fixture.answer(&[Record::text("1", &tweets[0]), Record::text("2", &tweets[1])]).await,
        success()
    );
    let lines = fixture.lines();
    assert!(lines[0]["sentiment"].is_object());
    assert_eq!(lines[1]["enrichment_error"], "InvalidRequestException");
}

#[tokio::test]
async fn a_function_that_is_not_allowed_to_ask_reports_its_batch_at_once() {
    let fixture = Fixture::new().await;
    fixture.server.set_faults(|_, _| Some((400, "AccessDeniedException")));
    assert_eq!(fixture.answer(&Tweets::new(2).records()).await, failed_from("100"));
    assert!(fixture.bucket.objects().is_empty());
    assert!(fixture.server.calls().len() <= 2);
}

#[tokio::test]
async fn a_message_made_whole_is_enriched_as_a_record_is() {
    let fixture = Fixture::new().await;
    let message = tweet("en", &"negative ".repeat(40));
    let pieces = chunk::split(message.as_bytes(), 7, chunk::OVERHEAD_BYTES + message.len() / 3 + 1).unwrap();
    let framed = |piece: chunk::Chunk<'_>| {
        let mut framed = Vec::new();
        piece.write(&mut framed);
        framed
    };
    let pieces: Vec<Vec<u8>> = pieces.map(framed).collect();
    let numbers: Vec<String> = (1..=pieces.len()).map(|number| number.to_string()).collect();
    let records: Vec<_> = numbers.iter().zip(&pieces).map(|(n, piece)| Record::bytes(n, piece)).collect();
    fixture.server.set_faults(|_, _| Some((400, "ThrottlingException")));
    let (answer, _) = fixture.answer_within(&records, Duration::from_secs(3)).await;
    assert_eq!(answer, failed_from(numbers.last().unwrap()));
    fixture.server.set_faults(|_, _| None);
    assert_eq!(fixture.answer(&records[records.len() - 1..]).await, success());
    let lines = fixture.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["sentiment"]["label"], "negative");
}
