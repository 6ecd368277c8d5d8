//! `kinflow tail --consumer`: shards push their records, whatever happens to the connections.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command};

use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{command, kinflow, lines, numbered, put, told};
use crate::streams::{self, Endpoint};

async fn consumers(endpoint: &Endpoint) -> u64 {
    let output = kinflow(endpoint, &["streams", "describe", "s", "--output", "json"]).await;
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    found["consumers"].as_u64().unwrap()
}

fn interrupted(child: Child) -> std::process::Output {
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_is_pushed_once_also_those_of_shards_that_were_split() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 2).await;
    put(&endpoint, "s", numbered(0..100)).await;
    let split = kinflow(&endpoint, &["shards", "split", "s", "shardId-000000000000"]).await;
    assert!(split.status.success(), "{split:?}");
    put(&endpoint, "s", numbered(100..150)).await;
    let tail = ["tail", "s", "--consumer", "debug", "--from", "start", "-n", "200", "-o", "raw"];
    let child = command(&endpoint, &tail).spawn().unwrap();
    while consumers(&endpoint).await == 0 {}
    let merge = ["shards", "merge", "s", "shardId-000000000003", "shardId-000000000001"];
    assert!(kinflow(&endpoint, &merge).await.status.success());
    put(&endpoint, "s", numbered(150..200)).await;
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let found: BTreeSet<String> = lines(&output).into_iter().collect();
    assert_eq!((lines(&output).len(), found.len()), (200, 200));
    assert_eq!(consumers(&endpoint).await, 0, "what it registered is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_was_there_is_used_and_stays() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 1).await;
    put(&endpoint, "s", numbered(0..3)).await;
    let tail = ["tail", "s", "--consumer", "debug", "--from", "start", "-o", "raw"];
    // A tail that is killed leaves its consumer behind.
    let mut killed = command(&endpoint, &tail).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(killed.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "{\"n\":0}\n");
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(consumers(&endpoint).await, 1);
    let next = kinflow(&endpoint, &[&tail[..], &["-n", "3"]].concat()).await;
    assert_eq!((next.status.code(), lines(&next).len()), (Some(0), 3), "{next:?}");
    assert_eq!(consumers(&endpoint).await, 1, "it was there before");
}

/// A server before the endpoint, whose connections can be cut.
struct Cuts {
    address: SocketAddr,
    cut: watch::Sender<()>,
}

impl Cuts {
    async fn before(endpoint: &Endpoint) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let behind = endpoint.url().trim_start_matches("http://").to_owned();
        let (cut, is_cut) = watch::channel(());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (behind, mut is_cut) = (behind.clone(), is_cut.clone());
                is_cut.borrow_and_update();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(behind).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = is_cut.changed() => {}
                    }
                });
            }
        });
        Self { address, cut }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_whose_connection_breaks_goes_on_where_it_was() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 1).await;
    let cuts = Cuts::before(&endpoint).await;
    put(&endpoint, "s", numbered(0..10)).await;
    let mut tail = Command::new(env!("CARGO_BIN_EXE_kinflow"));
    tail.args(["tail", "s", "--consumer", "debug", "--from", "start", "-o", "raw", "-n", "30"]);
    tail.args(["--endpoint-url", &format!("http://{}", cuts.address)]);
    let mut child =
        tail.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut shown = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen: Vec<String> = shown.by_ref().take(10).map(Result::unwrap).collect();
    for range in [10..20, 20..30] {
        cuts.cut.send_replace(());
        put(&endpoint, "s", numbered(range)).await;
        seen.extend(shown.by_ref().take(10).map(Result::unwrap));
    }
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let expected: Vec<String> =
        numbered(0..30).into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
    assert_eq!(seen, expected, "each once and in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_readers_with_one_consumer_the_first_says_that_it_was_taken_over() {
    let endpoint = streams::endpoint().await;
    streams::stream(&endpoint, "s", 1).await;
    put(&endpoint, "s", numbered(0..1)).await;
    let tail = ["tail", "s", "--consumer", "debug", "--from", "start", "-o", "raw"];
    let mut first = command(&endpoint, &tail).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(first.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let mut second = command(&endpoint, &tail).spawn().unwrap();
    line.clear();
    BufReader::new(second.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "{\"n\":0}\n");
    let output = tokio::task::spawn_blocking(|| first.wait_with_output().unwrap()).await.unwrap();
    assert_eq!((output.status.code(), told(&output).lines().count()), (Some(2), 1), "{output:?}");
    assert!(told(&output).contains("give each reader a consumer of its own"), "{output:?}");
    assert_eq!(interrupted(second).status.code(), Some(0));
    assert_eq!(consumers(&endpoint).await, 1, "the first has left it to the second");
}
