//! The binary as Lambda runs it: a process that polls the Runtime API on loopback.
use super::made_up;

use made_up::{crime_row, event, read_answer, record};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long the function may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Runtime API that hands out one event, and the function that asks it.
struct Lambda {
    posts: Receiver<Posted>,
    function: Child,
}

/// What the function posted.
struct Posted {
    path: String,
    body: Vec<u8>,
}

fn function(api: &str, variables: &[(&str, &str)]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_transform"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("AWS_LAMBDA_FUNCTION_NAME", "transform")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

impl Lambda {
    fn invoke(variables: &[(&str, &str)], event: Vec<u8>) -> (Self, Posted) {
        let api = TcpListener::bind("127.0.0.1:0").unwrap();
        let function = function(&api.local_addr().unwrap().to_string(), variables);
        let (sender, posts) = channel();
        let event = Arc::new(Mutex::new(Some(event)));
        std::thread::spawn(move || {
            for connection in api.incoming().flatten() {
                let (sender, event) = (sender.clone(), Arc::clone(&event));
                std::thread::spawn(move || serve(BufReader::new(connection), &event, &sender));
            }
        });
        let lambda = Self { posts, function };
        let posted = lambda.posts.recv_timeout(PATIENCE).unwrap();
        (lambda, posted)
    }

    /// Ends the process; what it printed, line by line.
    fn log(mut self) -> Vec<Value> {
        self.function.kill().unwrap();
        let Output { stdout, .. } = self.function.wait_with_output().unwrap();
        stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

/// Answers the requests of one connection; a second poll waits for ever, as Lambda lets it.
fn serve(mut connection: BufReader<TcpStream>, event: &Mutex<Option<Vec<u8>>>, posts: &Sender<Posted>) {
    while let Some((line, body)) = read_request(&mut connection) {
        if line.starts_with("GET /2018-06-01/runtime/invocation/next ") {
            let Some(event) = event.lock().unwrap().take() else { continue };
            write_event(connection.get_mut(), &event);
        } else {
            connection.get_mut().write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").unwrap();
            let path = line.split(' ').nth(1).unwrap().to_owned();
            posts.send(Posted { path, body }).unwrap();
        }
    }
}

fn read_request(connection: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if connection.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    connection.read_exact(&mut body).unwrap();
    Some((head.lines().next().unwrap().to_owned(), body))
}

fn write_event(connection: &mut TcpStream, event: &[u8]) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: req-1\r\nlambda-runtime-deadline-ms: 4102444800000\r\n\
         lambda-runtime-trace-id: Root=1-made-up\r\ncontent-length: {}\r\n\r\n",
        event.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(event).unwrap();
}

#[test]
fn an_event_is_answered_and_its_metrics_are_printed() {
    let event = event(&[record("a", &crime_row(0)), record("b", b"no row")]);
    let (lambda, Posted { path, body }) =
        Lambda::invoke(&[("SCHEMA", "crime"), ("DESTINATION", "s3")], event);
    assert_eq!(path, "/2018-06-01/runtime/invocation/req-1/response");
    let results: Vec<_> = read_answer(&body).into_iter().map(|answer| answer.result).collect();
    assert_eq!(results, ["Ok", "ProcessingFailed"]);
    let log = lambda.log();
    let metrics = log.iter().find(|line| line.get("_aws").is_some()).unwrap();
    assert_eq!(metrics["records_ok"], 1);
    assert_eq!(metrics["failed_not_timestamp"], 1);
    assert_eq!((&metrics["cold_start"], &metrics["request_id"]), (&true.into(), &"req-1".into()));
    assert_eq!(metrics["trace_id"], "Root=1-made-up");
    let failure = log.iter().find(|line| line["message"] == "record failed").unwrap();
    assert_eq!((&failure["record_id"], &failure["kind"]), (&"b".into(), &"not_timestamp".into()));
}

#[test]
fn failures_are_told_as_far_as_the_setting_goes_and_the_rest_is_counted() {
    let records: Vec<_> = (0..50).map(|number| record(&number.to_string(), b"no row")).collect();
    let (lambda, _) = Lambda::invoke(&[("SCHEMA", "crime"), ("LOGGED_FAILURES", "3")], event(&records));
    let log = lambda.log();
    let told = log.iter().filter(|line| line["message"] == "record failed");
    assert!(told.map(|line| line["record_id"].as_str().unwrap()).eq(["0", "1", "2"]));
    let rest = log.iter().find(|line| line["message"] == "more records failed").unwrap();
    assert_eq!(rest["records"], 47);
}

#[test]
fn an_event_of_another_source_is_an_error_that_says_so() {
    let (lambda, Posted { path, body }) =
        Lambda::invoke(&[("SCHEMA", "crime")], br#"{"Records":[]}"#.to_vec());
    assert_eq!(path, "/2018-06-01/runtime/invocation/req-1/error");
    let error: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(error["errorType"], "bad_event");
    assert!(error["errorMessage"].as_str().unwrap().starts_with("event has no array named \"records\""));
    lambda.log();
}

#[test]
fn a_function_that_can_not_run_says_all_of_why_in_one_line() {
    for (variables, reason) in [
        (
            vec![
                ("AWS_LAMBDA_RUNTIME_API", ""),
                ("DESTINATION", "disk"),
                ("ICEBERG_TABLE", "crime"),
                ("MAX_HOPS", "0"),
            ],
            "AWS_LAMBDA_RUNTIME_API is not set; SCHEMA is not set; DESTINATION is \"disk\", expected one of s3, s3-partitioned, opensearch, iceberg; \
             ICEBERG_TABLE is \"crime\", expected database.table; MAX_HOPS is \"0\", expected a number from 1 to 100",
        ),
        (
            vec![("SCHEMA", "crime"), ("DESTINATION", "s3-partitioned")],
            "the destination is s3-partitioned, but the schema names no partition keys",
        ),
    ] {
        let Output { status, stdout, .. } = function("127.0.0.1:1", &variables).wait_with_output().unwrap();
        assert!(!status.success());
        let lines: Vec<&[u8]> = stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        let line: Value = serde_json::from_slice(lines[0]).unwrap();
        assert_eq!((lines.len(), line["error"].as_str().unwrap()), (1, reason));
    }
}
