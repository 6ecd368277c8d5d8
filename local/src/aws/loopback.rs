//! An HTTP server on 127.0.0.1 that can be started and stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use super::doors::Doors;

/// How long open requests may take when the server is stopped.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);
/// How long the head of a request may take to arrive, and how long a connection may wait for its next
/// request.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// The pause before the next connection is accepted after the system refused one, perhaps because it ran out
/// of files.
const AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Why an endpoint could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The port is in use or not permitted.
    #[error("can't listen on 127.0.0.1:{port}")]
    Bind {
        /// The port that was asked for; 0 means any.
        port: u16,
        /// The system's error.
        source: std::io::Error,
    },
    /// The folder that holds an endpoint's content can't be made or read.
    #[error("can't use folder {folder}")]
    Folder {
        /// The folder.
        folder: String,
        /// The system's error.
        source: std::io::Error,
    },
}

/// A router that is served on loopback until [`Loopback::shutdown`] or drop. Only 127.0.0.1 is ever bound.
pub(crate) struct Loopback {
    address: SocketAddr,
    router: Router,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Loopback {
    /// Serves on the port whoever may pass the doors; 0 means any free port.
    pub(crate) async fn serve(port: u16, router: Router, doors: Doors) -> Result<Self, EndpointError> {
        Self::serve_within(HEAD_LIMIT, port, router, doors).await
    }

    async fn serve_within(
        head_limit: Duration,
        port: u16,
        router: Router,
        doors: Doors,
    ) -> Result<Self, EndpointError> {
        let bind_error = |source| EndpointError::Bind { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let guarded = router.clone().layer(from_fn_with_state(doors, super::doors::guard));
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(accept(head_limit, listener, guarded, stopped));
        Ok(Self { address, router, stop, served })
    }

    /// Returns the address on which it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what it serves, so that it can be served elsewhere too.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Accepts no more connections, and waits a limited time until the open requests are answered.
    pub(crate) async fn shutdown(mut self) {
        drop(self.stop);
        if tokio::time::timeout(SHUTDOWN_LIMIT, &mut self.served).await.is_err() {
            tracing::warn!(address = %self.address, "requests were still in hand when an endpoint ended");
            self.served.abort();
        }
    }
}

/// Accepts connections until it is told to stop, and ends once their open requests are answered.
async fn accept(
    head_limit: Duration,
    listener: TcpListener,
    router: Router,
    mut stopped: oneshot::Receiver<()>,
) {
    let connections = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_limit);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((connection, _)) => serve(&http, connection, router.clone(), &connections),
                Err(error) => {
                    tracing::debug!(%error, "a connection was not taken");
                    tokio::time::sleep(AFTER_REFUSAL).await;
                }
            },
            _ = &mut stopped => break,
        }
    }
    drop(listener);
    connections.shutdown().await;
}

fn serve(http: &http1::Builder, connection: TcpStream, router: Router, connections: &GracefulShutdown) {
    // Answers are small, and without this each would wait for the client's delayed acknowledgement.
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its small packets back");
    }
    let served = http.serve_connection(TokioIo::new(connection), TowerToHyperService::new(router));
    let served = connections.watch(served);
    tokio::spawn(async move {
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::any;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn endpoint(doors: Doors) -> Loopback {
        Loopback::serve(0, Router::new().fallback(any(|| async { "answered" })), doors).await.unwrap()
    }

    /// What comes back for a request that asks for the connection to end.
    async fn answer(endpoint: &Loopback, method: &str, headers: &str) -> String {
        let mut connection = TcpStream::connect(endpoint.address()).await.unwrap();
        let request = format!("{method} / HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer.to_ascii_lowercase()
    }

    #[tokio::test]
    async fn a_foreign_host_and_any_origin_are_refused_without_a_cors_answer() {
        let endpoint = endpoint(Doors::loopback(Vec::new())).await;
        let here = format!("Host: {}\r\n", endpoint.address());
        assert!(answer(&endpoint, "GET", &here).await.starts_with("http/1.1 200"));
        let asks = "Access-Control-Request-Method: PUT\r\n";
        for (method, headers) in [
            ("GET", "Host: evil.example\r\n".to_owned()),
            ("GET", format!("Host: evil.example:{}\r\n", endpoint.address().port())),
            ("GET", "Host:\r\n".to_owned()),
            ("POST", format!("{here}Origin: https://evil.example\r\n")),
            ("POST", format!("{here}Origin: null\r\n")),
            ("GET", format!("{here}Sec-Fetch-Site: cross-site\r\n")),
            ("POST", format!("{here}Sec-Fetch-Site: same-site\r\n")),
            ("POST", format!("{here}Origin: http://{}\r\n", endpoint.address())),
            ("OPTIONS", format!("{here}Origin: https://evil.example\r\n{asks}")),
        ] {
            let answer = answer(&endpoint, method, &headers).await;
            assert!(answer.starts_with("http/1.1 403"), "{method} {headers}: {answer}");
            assert!(!answer.contains("access-control") && !answer.ends_with("answered"), "{answer}");
        }
        let typed = answer(&endpoint, "GET", &format!("{here}Sec-Fetch-Site: none\r\n")).await;
        assert!(typed.starts_with("http/1.1 200"), "{typed}");
    }

    #[tokio::test]
    async fn an_allowed_page_is_answered_and_told_so() {
        let endpoint = endpoint(Doors::loopback(vec!["http://localhost:5173".to_owned()])).await;
        let page = format!("Host: {}\r\nOrigin: http://localhost:5173\r\n", endpoint.address());
        let asks = "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-amz-date\r\n";
        let preflight = answer(&endpoint, "OPTIONS", &format!("{page}{asks}")).await;
        assert!(preflight.starts_with("http/1.1 204"), "{preflight}");
        assert!(preflight.contains("access-control-allow-methods: put\r\n"), "{preflight}");
        assert!(preflight.contains("access-control-allow-headers: x-amz-date\r\n"), "{preflight}");
        let answered = answer(&endpoint, "GET", &page).await;
        assert!(answered.contains("access-control-allow-origin: http://localhost:5173\r\n"), "{answered}");
        assert!(answered.ends_with("answered"), "{answered}");
        let other = page.replace("5173", "5174");
        assert!(answer(&endpoint, "GET", &other).await.starts_with("http/1.1 403"));
    }

    #[tokio::test]
    async fn a_head_that_is_not_sent_to_its_end_is_cut() {
        let limit = Duration::from_millis(50);
        let router = Router::new().fallback(any(|| async { "answered" }));
        let endpoint = Loopback::serve_within(limit, 0, router, Doors::loopback(Vec::new())).await.unwrap();
        let mut connections = Vec::new();
        for _ in 0..100 {
            let mut connection = TcpStream::connect(endpoint.address()).await.unwrap();
            connection.write_all(b"GET / HTTP/1.1\r\nHost: 127").await.unwrap();
            connections.push(connection);
        }
        for connection in &mut connections {
            // Without a limit this never ends.
            let mut answer = Vec::new();
            connection.read_to_end(&mut answer).await.unwrap();
            assert!(!answer.ends_with(b"answered"));
        }
    }
}
