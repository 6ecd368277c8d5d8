//! Other people's clients, run against an endpoint: Python scripts, and plain bytes on a connection.

use std::path::Path;
use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Runs a script of this folder. It exits with 1 and says why where a rule does not hold. `false`: nothing was run,
/// because Python or a module it needs is not here, which is said.
pub(crate) async fn holds(script: &str, needs: &str, arguments: &[&str]) -> bool {
    let Some(python) = test_support::python_with(needs) else { return false };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients").join(script);
    let mut command = Command::new(&python);
    command.arg(path).args(arguments).env("NO_PROXY", "127.0.0.1").env("PYTHONDONTWRITEBYTECODE", "1");
    let ran = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(ran.status.success(), "{script}: {}", String::from_utf8_lossy(&ran.stderr));
    true
}

/// An answer as it came. Status 0: there was none.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Sends bytes as they are on a connection of their own, and reads all that comes back until the other side closes it.
pub(crate) async fn exchange(url: &str, request: &[u8]) -> Answer {
    let mut connection = connect(url).await;
    let (mut incoming, mut outgoing) = connection.split();
    let mut answer = Vec::new();
    // Both at once: a server may answer, and stop reading, before all is sent.
    let (_, _) = tokio::join!(outgoing.write_all(request), incoming.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    Answer { status, body }
}

/// Sends bytes, and is gone.
pub(crate) async fn break_off(url: &str, request: &[u8]) {
    connect(url).await.write_all(request).await.unwrap();
}

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://")).await.unwrap()
}
