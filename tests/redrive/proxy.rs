//! A proxy between the function and its bucket that loses answers.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A time that is longer than the function's timeout, so nobody waits until it is over.
const FOR_EVER: Duration = Duration::from_secs(30);

/// Of every three objects in `enriched/`, one is stored without an answer, one is neither stored nor answered, and one
/// is stored and answered.
pub(super) struct Proxy {
    pub(super) url: String,
    bucket: Arc<OnceLock<String>>,
}

impl Proxy {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bucket = Arc::new(OnceLock::<String>::new());
        let (known, puts) = (Arc::clone(&bucket), Arc::new(AtomicUsize::new(0)));
        // The thread ends with the test's process. What a client that is gone leaves behind does no harm.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (known, puts) = (Arc::clone(&known), Arc::clone(&puts));
                std::thread::spawn(move || answer(client, known.get(), &puts));
            }
        });
        Self { url, bucket }
    }

    /// Sets the address of the bucket, `http://address:port`.
    pub(super) fn stand_before(&self, s3_url: &str) {
        self.bucket.get_or_init(|| s3_url.trim_start_matches("http://").to_owned());
    }
}

fn answer(mut client: TcpStream, bucket: Option<&String>, puts: &AtomicUsize) -> Option<()> {
    let request = read_request(&mut client)?;
    let line = request.split(|byte| *byte == b'\n').next()?;
    let is_object = line.starts_with(b"PUT ") && line.windows(10).any(|part| part == b"/enriched/");
    match is_object.then(|| puts.fetch_add(1, Ordering::SeqCst) % 3) {
        Some(0) => {
            hand_on(&request, bucket?)?;
            std::thread::sleep(FOR_EVER);
        }
        Some(1) => std::thread::sleep(FOR_EVER),
        _ => client.write_all(&hand_on(&request, bucket?)?).ok()?,
    }
    Some(())
}

/// Reads a whole request, and adds a header that makes it the last one of its connection.
fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut request, mut part) = (Vec::new(), [0; 64 << 10]);
    let mut read_more = |request: &mut Vec<u8>| {
        let read = client.read(&mut part).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(part.get(..read)?);
        Some(())
    };
    let head_end = loop {
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        read_more(&mut request)?;
    };
    let head = String::from_utf8_lossy(request.get(..head_end)?).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    while request.len() < head_end + 4 + length {
        read_more(&mut request)?;
    }
    request.splice(head_end..head_end, b"\r\nconnection: close".iter().copied());
    Some(request)
}

fn hand_on(request: &[u8], bucket: &str) -> Option<Vec<u8>> {
    let mut connection = TcpStream::connect(bucket).ok()?;
    connection.write_all(request).ok()?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).ok()?;
    Some(answer)
}
