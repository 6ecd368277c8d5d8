//! A server between a function and its bucket, which passes requests on, except for those that go wrong.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::faults::{Fault, Faults, processes_with, signal};

const THROTTLED: &str = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

pub(crate) struct Proxy {
    url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    url: String,
    faults: Mutex<Faults>,
    /// `<address>:<port>` of the bucket's endpoint.
    bucket: OnceLock<String>,
}

impl Proxy {
    pub(crate) async fn start(faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared =
            Arc::new(Shared { url: url.clone(), faults: Mutex::new(faults), bucket: OnceLock::new() });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { url, shared, serving }
    }

    /// Where functions find their bucket. No other process has it in its environment.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where the bucket is.
    pub(crate) fn stand_before(&self, s3_url: &str) {
        self.shared.bucket.get_or_init(|| s3_url.trim_start_matches("http://").to_owned());
    }

    pub(crate) fn spare_the_end(&self) {
        self.shared.faults.lock().unwrap().spare_the_end();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        // A client or a bucket that is gone ends the connection, and no more.
        tokio::spawn(async move { drop(shared.answer(client).await) });
    }
}

impl Shared {
    /// One request of a connection; the next needs another.
    async fn answer(&self, mut client: TcpStream) -> io::Result<()> {
        let request = read_request(&mut client).await?;
        let fault = self.faults.lock().unwrap().next();
        match fault {
            None => {
                let answer = self.hand_on(&request).await?;
                client.write_all(&answer).await
            }
            Some(Fault::Throttled | Fault::Outage) => client.write_all(THROTTLED.as_bytes()).await,
            Some(Fault::Cut) => Ok(()),
            Some(Fault::AnswerLost) => {
                self.hand_on(&request).await?;
                client.write_all(FAILED.as_bytes()).await
            }
            Some(Fault::AnswerCut) => self.hand_on(&request).await.map(drop),
            Some(Fault::LandsLater(after)) => {
                client.write_all(FAILED.as_bytes()).await?;
                drop(client);
                tokio::time::sleep(after).await;
                self.hand_on(&request).await.map(drop)
            }
            Some(Fault::Slow(after)) => {
                tokio::time::sleep(after).await;
                let answer = self.hand_on(&request).await?;
                client.write_all(&answer).await
            }
            Some(Fault::KilledBefore) => {
                self.signal("-KILL").await;
                Ok(())
            }
            Some(Fault::KilledAfter) => {
                self.hand_on(&request).await?;
                self.signal("-KILL").await;
                Ok(())
            }
            Some(Fault::KilledAnswered(after)) => {
                let answer = self.hand_on(&request).await?;
                client.write_all(&answer).await?;
                tokio::time::sleep(after).await;
                self.signal("-KILL").await;
                Ok(())
            }
            Some(Fault::Frozen) => {
                self.signal("-STOP").await;
                let answer = self.hand_on(&request).await?;
                client.write_all(&answer).await
            }
        }
    }

    /// Sends it to one of the function's processes: mostly there is one.
    async fn signal(&self, name: &'static str) {
        let processes = processes_with(&self.url);
        let Some(process) = self.faults.lock().unwrap().choose(processes) else { return };
        tokio::task::spawn_blocking(move || signal(process, name)).await.unwrap();
    }

    async fn hand_on(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let bucket = self.bucket.get().ok_or(io::ErrorKind::NotConnected)?;
        let mut connection = TcpStream::connect(bucket).await?;
        connection.set_nodelay(true)?;
        connection.write_all(request).await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

/// A whole request, with a header that makes it the last of its connection.
async fn read_request(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let head_end = loop {
        if client.read_buf(&mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&request[..head_end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    while request.len() < head_end + 4 + length {
        if client.read_buf(&mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    request.splice(head_end..head_end, b"\r\nconnection: close".iter().copied());
    Ok(request)
}
