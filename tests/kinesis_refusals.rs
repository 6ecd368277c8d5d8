//! What the Kinesis endpoint refuses, and how.

use edge::put_records::{Entry, EntryOutcome, RecordSink as _};
use local::{KinesisEndpoint, KinesisOptions, StreamStore};

use super::clients::exchange;
use super::streams::{Endpoint, endpoint, sink, stream};

#[tokio::test]
async fn a_shard_that_throttles_refuses_what_is_over_a_mebibyte_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let store = StreamStore::open(folder.path()).unwrap();
    let options = KinesisOptions { throttles: true, ..KinesisOptions::default() };
    let kinesis = KinesisEndpoint::start_with(options, store).await.unwrap();
    let endpoint = Endpoint { kinesis, folder };
    stream(&endpoint, "s", 1).await;
    let sink = sink(&endpoint, "s");
    let batch: Vec<_> = (0..3).map(|n| Entry::new(format!("k{n}"), vec![0; 600_000])).collect();
    let outcomes = sink.put(&batch).await.unwrap();
    assert!(matches!(
        outcomes[..],
        [EntryOutcome::Accepted { .. }, EntryOutcome::Refused(_), EntryOutcome::Refused(_)]
    ));
}

const JSON: &str = "Content-Type: application/x-amz-json-1.1\r\n";
const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/kinesis/aws4_request, \
    SignedHeaders=host, Signature=0\r\nX-Amz-Date: 20260101T000000Z\r\n";

fn target(operation: &str) -> String {
    format!("X-Amz-Target: Kinesis_20131202.{operation}\r\n")
}

fn post(host: &str, headers: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Bodies of `PutRecords` with the errors they get, each with status 400.
fn bodies() -> Vec<(String, &'static str)> {
    let entry = |stream: &str, data: &str| {
        format!(r#"{{{stream}"Records":[{{"Data":"{data}","PartitionKey":"k"}}]}}"#)
    };
    vec![
        ("{\"Records\":".to_owned(), "SerializationException"),
        (String::new(), "SerializationException"),
        ("[]".to_owned(), "SerializationException"),
        (r#"{"StreamName":"s","Records":{}}"#.to_owned(), "SerializationException"),
        (r#"{"StreamName":"s","Records":[]}"#.to_owned(), "ValidationException"),
        (entry(r#""StreamName":"s","#, "!"), "SerializationException"),
        (entry("", ""), "InvalidArgumentException"),
        (entry(r#""StreamARN":"x","#, ""), "InvalidArgumentException"),
        ("[".repeat(100_000), "SerializationException"),
        ("x".repeat((16 << 20) + 1), "SerializationException"),
    ]
}

/// Whole requests to a host, each with the status of its answer and a word of it.
fn requests(host: &str) -> Vec<(String, u16, &'static str)> {
    let (put, get) = (target("PutRecords"), format!("GET / HTTP/1.1\r\nHost: {host}\r\n"));
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{}{JSON}{SIGNED}Transfer-Encoding: chunked\r\n\r\n\
         12\r\n{{\"StreamName\":\"s\"}}\r\n0\r\n\r\n",
        target("DescribeStream")
    );
    let no_such = format!("{}{JSON}{SIGNED}", target("NoSuch"));
    vec![
        (post(host, &no_such, "{}"), 400, "UnknownOperationException"),
        (post(host, &format!("{put}{JSON}"), "{}"), 400, "MissingAuthenticationTokenException"),
        (post(host, &format!("{JSON}{SIGNED}"), "{}"), 400, "UnknownOperationException"),
        (post(host, &format!("{put}{SIGNED}"), "{}"), 404, "UnknownOperationException"),
        (format!("{get}Connection: close\r\n\r\n"), 403, "AccessDenied"),
        (format!("{get}X-Huge: {}\r\n\r\n", "x".repeat(1 << 20)), 431, ""),
        (post(host, "Origin: https://evil.example\r\n", "{}"), 403, "Origin"),
        (post("evil.example", "", "{}"), 403, "Host"),
        ("\0\u{1}\u{2}nonsense\r\n\r\n".to_owned(), 400, ""),
        (chunked, 200, "shardId-000000000000"),
    ]
}

#[tokio::test]
async fn requests_out_of_order_get_an_error_of_aws_and_the_endpoint_goes_on() {
    let endpoint = endpoint().await;
    let reader = stream(&endpoint, "s", 1).await;
    let host = endpoint.url().trim_start_matches("http://");
    let put = format!("{}{JSON}{SIGNED}", target("PutRecords"));
    let of_bodies = bodies().into_iter().map(|(body, error)| (post(host, &put, &body), 400, error));
    for (request, status, error) in of_bodies.chain(requests(host)) {
        let answer = exchange(endpoint.url(), request.as_bytes()).await;
        let shown: String = request.chars().take(300).collect();
        assert!(
            answer.status == status && answer.body.contains(error),
            "{shown}: {} {}",
            answer.status,
            answer.body
        );
    }
    assert_eq!(reader.shards("s").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let endpoint = endpoint().await;
    let port = endpoint.url().rsplit(':').next().unwrap().parse().unwrap();
    let store = StreamStore::open(endpoint.folder.path()).unwrap();
    let error = KinesisEndpoint::start(port, store).await.err().unwrap();
    assert_eq!(error.to_string(), format!("can't listen on 127.0.0.1:{port}"));
}
