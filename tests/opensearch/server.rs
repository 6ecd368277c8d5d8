//! A real OpenSearch server for tests: one that is started once, or the one that `OPENSEARCH_URL` names.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use edge::aws::TrustedRoots;
use edge::opensearch::{Method, OpenSearch, OpenSearchError};
use serde_json::Value;
use tempfile::TempDir;
use test_support::skipped;
use tokio::runtime::Runtime;

static SERVER: OnceLock<Option<Mutex<Server>>> = OnceLock::new();

pub(super) struct Server {
    url: String,
    client: OpenSearch,
    runtime: Runtime,
    /// The folder of the started node's indices, and its process, which ends with the test's process.
    own: Option<(TempDir, Child)>,
}

/// The server of all tests, or `None` with a message if there is none.
pub(super) fn get() -> Option<MutexGuard<'static, Server>> {
    let server = SERVER.get_or_init(|| Server::find().map(Mutex::new));
    if server.is_none() {
        skipped("no OpenSearch: OPENSEARCH_URL names none, and Java 17 with Maven can't start one");
    }
    server.as_ref().map(|server| server.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Server {
    fn find() -> Option<Self> {
        if let Ok(url) = std::env::var("OPENSEARCH_URL") {
            return Some(Self::at(url, None));
        }
        let folder = tempfile::tempdir().unwrap();
        let (child, port) = start(&folder, 0)?;
        Some(Self::at(format!("http://127.0.0.1:{port}"), Some((folder, child))))
    }

    fn at(url: String, own: Option<(TempDir, Child)>) -> Self {
        let client = OpenSearch::new(&url, &TrustedRoots::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { url, client, runtime, own }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn is_ours(&self) -> bool {
        self.own.is_some()
    }

    fn call(&self, method: Method, path: &[&str], body: Option<&Value>) -> Option<Value> {
        self.runtime.block_on(self.client.call(method, path, body)).unwrap()
    }

    pub(super) fn delete(&self, index: &str) {
        self.call(Method::DELETE, &[index], None);
    }

    pub(super) fn put(&self, index: &str, body: &Value) {
        self.call(Method::PUT, &[index], Some(body)).unwrap();
    }

    /// Refreshes the index, so that queries see everything in it.
    pub(super) fn refresh(&self, index: &str) {
        self.call(Method::POST, &[index, "_refresh"], None).unwrap();
    }

    /// The number of crimes that a query finds.
    pub(super) fn count(&self, query: &Value) -> usize {
        let answer =
            self.call(Method::POST, &["crime", "_count"], Some(&serde_json::json!({"query": query})));
        usize::try_from(answer.unwrap()["count"].as_u64().unwrap()).unwrap()
    }

    /// Searches the crimes. Returns `None` with a message if the server of `OPENSEARCH_URL` lacks the module for it.
    pub(super) fn search(&self, request: &Value) -> Option<Value> {
        match self.runtime.block_on(self.client.call(Method::POST, &["crime", "_search"], Some(request))) {
            Err(OpenSearchError::Refused { status: 400, reason })
                if !self.is_ours() && reason.contains("Unknown aggregation") =>
            {
                skipped(format_args!("this OpenSearch has no module for the map: {reason}"));
                None
            }
            answer => Some(answer.unwrap().unwrap()),
        }
    }

    /// Kills the node as a power cut would, and starts it again with what is on its disk.
    pub(super) fn kill_and_start_again(&mut self) {
        let port = self.url.rsplit(':').next().unwrap().parse().unwrap();
        let (folder, child) = self.own.as_mut().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        *child = start(folder, port).expect("the node does not come back").0;
        // The connections of the old client died with the node.
        self.client = OpenSearch::new(&self.url, &TrustedRoots::default()).unwrap();
    }
}

/// Starts a node, and waits until it reports that it is ready, and its port.
fn start(folder: &TempDir, port: u16) -> Option<(Child, u16)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/opensearch/start.sh");
    let has = |program: &str| {
        Command::new(program).arg("-version").output().is_ok_and(|output| output.status.success())
    };
    if !has("java") || !has("mvn") {
        return None;
    }
    let mut child = Command::new(script)
        .args([folder.path().to_str().unwrap(), &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let lines = BufReader::new(child.stdout.take()?).lines();
    let port = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ready ")?.parse().ok());
    if port.is_none() {
        child.wait().unwrap();
    }
    Some((child, port?))
}

/// A proxy to the server that loses the answer to the first bulk request, and then refuses connections until it is
/// reset.
pub(super) struct Breaker {
    address: String,
    is_broken: Arc<AtomicBool>,
    broke: Receiver<()>,
}

impl Breaker {
    pub(super) fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let upstream = server.url.strip_prefix("http://").unwrap().to_owned();
        let is_broken = Arc::new(AtomicBool::new(false));
        let (breaks, broke) = channel();
        let has_broken = Arc::new(AtomicBool::new(false));
        let way = Way { upstream, is_broken: Arc::clone(&is_broken), has_broken, breaks };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let way = way.clone();
                std::thread::spawn(move || way.forward(&client));
            }
        });
        Self { address, is_broken, broke }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn wait_for_the_first_bulk(&self) {
        self.broke.recv().unwrap();
    }

    pub(super) fn mend(&self) {
        self.is_broken.store(false, Ordering::SeqCst);
    }
}

#[derive(Clone)]
struct Way {
    upstream: String,
    is_broken: Arc<AtomicBool>,
    has_broken: Arc<AtomicBool>,
    breaks: Sender<()>,
}

impl Way {
    /// Forwards bytes in both directions until the first answer comes.
    fn forward(&self, client: &TcpStream) {
        if self.is_broken.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect(&self.upstream) else { return };
        let (from_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let requests = std::thread::spawn(move || copy(from_client, to_server));
        let (mut to_client, mut bytes) = (client, [0; 4096]);
        while let Ok(read @ 1..) = (&server).read(&mut bytes) {
            if !self.has_broken.swap(true, Ordering::SeqCst) {
                self.is_broken.store(true, Ordering::SeqCst);
                self.breaks.send(()).unwrap();
                break;
            }
            if to_client.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        drop(client.shutdown(Shutdown::Both));
        drop(server.shutdown(Shutdown::Both));
        drop(requests.join());
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    drop(std::io::copy(&mut from, &mut to));
}
