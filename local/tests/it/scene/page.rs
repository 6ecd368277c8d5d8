//! A browser's part: requests to the page of a run, and the events that it tells.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The page of a run.
#[derive(Debug, Clone)]
pub struct Page {
    pub url: String,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// In lower case.
    pub headers: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Page {
    /// Host and port.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap().trim_end_matches('/')
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, "", "").await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// As the page's own script sends it.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = format!(
            "origin: http://{}\r\ncontent-type: application/json\r\nx-kinflow-page: 1\r\n",
            self.address()
        );
        self.send("POST", path, &headers, &body.to_string()).await
    }

    pub async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut connection = TcpStream::connect(self.address()).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
            self.address(),
            body.len()
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        connection.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, headers: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// Asks again until the answer is as wanted.
    pub async fn get_until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let found = self.get(path).await;
            if wanted(&found) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Listens to the run's events until a frame is as wanted.
    pub async fn frame(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut lines = self.listen().await;
        loop {
            let frame = next(&mut lines).await.expect("the events ended");
            if wanted(&frame) {
                return frame;
            }
        }
    }

    /// A connection that the run's events come by.
    pub async fn listen(&self) -> BufReader<TcpStream> {
        let mut connection = TcpStream::connect(self.address()).await.unwrap();
        let request = format!("GET /events HTTP/1.1\r\nhost: {}\r\n\r\n", self.address());
        connection.write_all(request.as_bytes()).await.unwrap();
        BufReader::new(connection)
    }
}

/// The next frame; none where the events ended.
pub async fn next(lines: &mut BufReader<TcpStream>) -> Option<Value> {
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).await.unwrap() == 0 {
            return None;
        }
        if let Some(frame) = line.trim_end().strip_prefix("data: ") {
            return Some(serde_json::from_str(frame).unwrap());
        }
    }
}
