//! The S3 endpoint's headers, byte for byte.

use local::S3Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends a request's first line and headers with a body, and gives the answer's head in lower case.
async fn send(s3: &S3Endpoint, head: &str, body: &str) -> String {
    let address = s3.url().strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!("{head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer.split("\r\n\r\n").next().unwrap().to_lowercase()
}

#[tokio::test]
async fn what_a_client_set_comes_back_and_every_answer_names_its_request() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("bucket")).unwrap();
    let s3 = S3Endpoint::start(folder.path(), 0).await.unwrap();
    let put = "PUT /k HTTP/1.1\r\nhost: bucket.localhost\r\nx-amz-storage-class: STANDARD_IA\r\n\
               x-amz-server-side-encryption: AES256";
    let put = send(&s3, put, "text").await;
    assert!(put.starts_with("http/1.1 200") && put.contains("x-amz-request-id: "), "{put}");

    let head = send(&s3, "HEAD /bucket/k HTTP/1.1\r\nhost: 127.0.0.1", "").await;
    assert!(head.contains("x-amz-storage-class: standard_ia"), "{head}");
    assert!(head.contains("x-amz-server-side-encryption: aes256"), "{head}");

    let modified = head.lines().find_map(|line| line.strip_prefix("last-modified: ")).unwrap().to_owned();
    let since = |name: &str, at: &str| format!("GET /bucket/k HTTP/1.1\r\nhost: 127.0.0.1\r\n{name}: {at}");
    // HTTP's dates are case-sensitive; the answer's was lowered.
    let words: Vec<String> = modified.split(' ').map(capitalised).collect();
    let not_modified = send(&s3, &since("if-modified-since", &words.join(" ")), "").await;
    assert!(
        not_modified.starts_with("http/1.1 304") && not_modified.contains("x-amz-request-id"),
        "{not_modified}"
    );
    let changed = send(&s3, &since("if-unmodified-since", "Thu, 01 Jan 2015 00:00:00 GMT"), "").await;
    assert!(changed.starts_with("http/1.1 412"), "{changed}");
    s3.shutdown().await;
}

/// `thu,` is `Thu,`, and `gmt` is `GMT`.
fn capitalised(word: &str) -> String {
    if word == "gmt" {
        return "GMT".to_owned();
    }
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
