//! The S3 endpoint, as other people's clients and our own see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that can't go on says so by a panic"
)]

use std::fs;
use std::path::Path;

use edge::aws::{AwsCredentials, AwsSettings, S3Store};
use edge::store::{Attributes, Created, ObjectStore};
use local::S3Endpoint;

use super::clients::{self, Answer, break_off, exchange};

async fn endpoint(folder: &Path) -> S3Endpoint {
    S3Endpoint::start(folder, 0).await.unwrap()
}

fn store(endpoint: &S3Endpoint, bucket: &str) -> S3Store {
    let keys = AwsCredentials {
        access_key_id: "any".to_owned(),
        secret_access_key: "any".to_owned(),
        session_token: None,
    };
    let aws = AwsSettings {
        region: "eu-west-1".to_owned(),
        credentials: Some(keys),
        s3_endpoint_url: Some(endpoint.url().to_owned()),
        ..AwsSettings::default()
    };
    S3Store::connect(bucket, &aws).unwrap()
}

async fn send(endpoint: &S3Endpoint, head: &str, body: &[u8]) -> Answer {
    send_to(endpoint, head, &format!("Host: {}\r\n", host(endpoint)), body).await
}

fn host(endpoint: &S3Endpoint) -> &str {
    endpoint.url().trim_start_matches("http://")
}

/// Does the same with other headers.
async fn send_to(endpoint: &S3Endpoint, head: &str, headers: &str, body: &[u8]) -> Answer {
    let head = format!("{head}\r\n{headers}Connection: close\r\n\r\n");
    exchange(endpoint.url(), &[head.as_bytes(), body].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_s3_store_keeps_its_contract_here() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = endpoint(folder.path()).await;
    fs::create_dir(folder.path().join("contract")).unwrap();
    edge::contract_tests::store::holds_for(&store(&endpoint, "contract")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_finds_s3_as_it_expects_it() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = endpoint(folder.path()).await;
    clients::holds("s3_boto3.py", "boto3", &[endpoint.url(), folder.path().to_str().unwrap()]).await;
    endpoint.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_finds_s3_as_it_expects_it() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = endpoint(folder.path()).await;
    clients::holds("s3_cli.py", "awscli", &[endpoint.url(), folder.path().to_str().unwrap()]).await;
}

#[tokio::test]
async fn objects_and_what_is_known_of_them_outlive_the_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("kept")).unwrap();
    let attributes = Attributes {
        content_type: Some("application/x-ndjson".to_owned()),
        content_encoding: Some("gzip".to_owned()),
        metadata: [("count".to_owned(), "7".to_owned())].into(),
    };
    let first = endpoint(folder.path()).await;
    let created = store(&first, "kept").create("a/b", "body".into(), &attributes).await.unwrap();
    first.shutdown().await;
    fs::write(folder.path().join(".s3/temporary/half"), "half a body").unwrap();

    let second = endpoint(folder.path()).await;
    let object = store(&second, "kept").get("a/b").await.unwrap().unwrap();
    assert_eq!((&object.body[..], &object.head.attributes), (&b"body"[..], &attributes));
    assert_eq!(Created::Written(object.head.etag), created);
    assert!(!folder.path().join(".s3/temporary/half").exists());
}

#[tokio::test]
async fn a_chunked_upload_is_kept_only_if_it_is_whole_and_its_trailer_right() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("uploads")).unwrap();
    let endpoint = endpoint(folder.path()).await;
    let put = |length: usize| {
        format!(
            "PUT /uploads/k HTTP/1.1\r\nContent-Encoding: aws-chunked\r\nx-amz-decoded-content-length: {length}\r\n\
             x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nx-amz-trailer: x-amz-checksum-crc32\r\n\
             Transfer-Encoding: chunked\r\nAuthorization: anything at all"
        )
    };
    let framed = |coded: &str| format!("{:x}\r\n{coded}\r\n0\r\n\r\n", coded.len());
    for (length, coded, status, error) in [
        (5, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 400, "BadDigest"),
        (5, "5\r\nhello\r\n0\r\n\r\n", 400, "InvalidRequest"),
        (6, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", 400, "IncompleteBody"),
        (5, "9\r\nhello\r\n0\r\n", 400, "IncompleteBody"),
        (5, "xyz\r\nhello", 400, "IncompleteBody"),
        (5, "ffffffffffffffff\r\nhello", 400, "IncompleteBody"),
        (5, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", 200, ""),
    ] {
        assert!(!folder.path().join("uploads/k").exists(), "before {coded:?}");
        let answer = send(&endpoint, &put(length), framed(coded).as_bytes()).await;
        assert!(
            answer.status == status && answer.body.contains(error),
            "{coded:?}: {} {}",
            answer.status,
            answer.body
        );
    }
    assert_eq!(fs::read(folder.path().join("uploads/k")).unwrap(), b"hello");
    assert!(fs::read_dir(folder.path().join(".s3/temporary")).unwrap().next().is_none());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("uploads")).unwrap();
    let endpoint = endpoint(folder.path()).await;
    let head = format!("PUT /uploads/k HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\n", host(&endpoint));
    break_off(endpoint.url(), &[head.as_bytes(), b"only the start"].concat()).await;
    endpoint.shutdown().await;
    assert!(!folder.path().join("uploads/k").exists());
    assert!(fs::read_dir(folder.path().join(".s3/temporary")).unwrap().next().is_none());
}

#[tokio::test]
async fn a_web_page_neither_reads_nor_writes_nor_deletes() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("bucket")).unwrap();
    fs::write(folder.path().join("bucket/k"), "kept").unwrap();
    let endpoint = endpoint(folder.path()).await;
    let here = format!("Host: {}\r\n", host(&endpoint));
    let delete = "<Delete><Object><Key>k</Key></Object></Delete>";
    let length = |body: &str| format!("Content-Length: {}\r\n", body.len());
    for (head, headers, body) in [
        ("GET /bucket/k HTTP/1.1", "Host: evil.example\r\n".to_owned(), ""),
        ("GET /bucket/k HTTP/1.1", format!("{here}Origin: https://evil.example\r\n"), ""),
        ("POST /bucket?delete HTTP/1.1", format!("{here}Origin: null\r\n{}", length(delete)), delete),
        ("PUT /bucket/k HTTP/1.1", format!("Host: evil.example\r\n{}", length("x")), "x"),
    ] {
        let answer = send_to(&endpoint, head, &headers, body.as_bytes()).await;
        assert_eq!(answer.status, 403, "{head} {headers}");
        assert!(!answer.body.contains("kept"));
    }
    assert_eq!(fs::read(folder.path().join("bucket/k")).unwrap(), b"kept");
    let by_bucket_host =
        format!("Host: bucket.localhost:{}\r\n", host(&endpoint).rsplit(':').next().unwrap());
    assert_ne!(send_to(&endpoint, "GET /k HTTP/1.1", &by_bucket_host, b"").await.status, 403);
}

#[tokio::test]
async fn hostile_requests_get_an_error_and_touch_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let served = folder.path().join("served");
    fs::create_dir_all(served.join("bucket")).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    let endpoint = endpoint(&served).await;
    let long = "x".repeat(1 << 20);
    let bad_xml = "<Delete><Object><Key>a</Key></Object>";
    for (head, body, statuses) in [
        ("GET /bucket/../../secret HTTP/1.1".to_owned(), "", [400, 404]),
        ("GET /bucket/%2e%2e/%2e%2e/secret HTTP/1.1".to_owned(), "", [404, 404]),
        ("GET /../secret HTTP/1.1".to_owned(), "", [400, 404]),
        ("GET /.s3/attributes HTTP/1.1".to_owned(), "", [400, 404]),
        ("GET /bucket/%ff%fe HTTP/1.1".to_owned(), "", [400, 404]),
        ("PUT /..%2Foutside/k HTTP/1.1\r\nContent-Length: 1".to_owned(), "x", [400, 404]),
        ("PUT /BUCKET_ HTTP/1.1\r\nContent-Length: 0".to_owned(), "", [400, 400]),
        ("PUT /bucket/k HTTP/1.1\r\nContent-Length: 1\r\nIf-None-Match: \"a\"".to_owned(), "x", [501, 501]),
        ("PUT /bucket/k HTTP/1.1\r\nContent-Length: 1\r\nContent-MD5: !".to_owned(), "x", [400, 400]),
        ("GET /bucket?list-type=2&max-keys=-1 HTTP/1.1".to_owned(), "", [400, 400]),
        ("GET /bucket?list-type=2&continuation-token=%00 HTTP/1.1".to_owned(), "", [400, 400]),
        (format!("POST /bucket?delete HTTP/1.1\r\nContent-Length: {}", bad_xml.len()), bad_xml, [400, 400]),
        ("PUT /bucket/k?partNumber=0&uploadId=00 HTTP/1.1\r\nContent-Length: 1".to_owned(), "x", [400, 400]),
        (
            "PUT /bucket/k?partNumber=1&uploadId=..%2F..%2Fx HTTP/1.1\r\nContent-Length: 1".to_owned(),
            "x",
            [404, 404],
        ),
        (format!("GET /bucket/k HTTP/1.1\r\nX-Huge: {long}"), "", [431, 431]),
        (format!("GET /bucket/{long} HTTP/1.1"), "", [414, 431]),
        (format!("GET /bucket/{} HTTP/1.1", "x".repeat(1025)), "", [400, 400]),
        ("nonsense".to_owned(), "", [400, 400]),
    ] {
        let answer = send(&endpoint, &head, body.as_bytes()).await;
        let shown = &head[..head.len().min(100)];
        assert!(statuses.contains(&answer.status), "{shown}: {} {}", answer.status, answer.body);
        assert!(!answer.body.contains("secret"), "{shown}");
    }
    assert_eq!(fs::read_dir(served.join("bucket")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert_eq!(send(&endpoint, "GET /bucket?list-type=2 HTTP/1.1", b"").await.status, 200);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_and_a_port_in_use_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = S3Endpoint::start(&file.join("below"), 0).await.err().unwrap();
    assert_eq!(error.to_string(), format!("can't use folder {}", file.join("below").display()));
    let endpoint = endpoint(folder.path()).await;
    let port = endpoint.url().rsplit(':').next().unwrap().parse().unwrap();
    let error = S3Endpoint::start(folder.path(), port).await.err().unwrap();
    assert_eq!(error.to_string(), format!("can't listen on 127.0.0.1:{port}"));
}
