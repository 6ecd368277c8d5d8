//! An HTTP server on 127.0.0.1 with a life of its own: bound, serving, stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long requests in hand may take when the server is asked to end.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Why an endpoint is not there.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The port is taken, or may not be had.
    #[error("can't listen on 127.0.0.1:{port}")]
    Bind {
        /// The port asked for; 0 is any.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder that holds an endpoint's content can't be made or read.
    #[error("can't use folder {folder}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A router served on loopback until [`Loopback::shutdown`] or drop. Nothing but 127.0.0.1 is ever bound.
pub(crate) struct Loopback {
    address: SocketAddr,
    router: Router,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Loopback {
    /// Serves on the port; 0 takes any free one.
    pub(crate) async fn serve(port: u16, router: Router) -> Result<Self, EndpointError> {
        let bind_error = |source| EndpointError::Bind { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let listener = listener.tap_io(|connection| {
            // Answers are small: without this each waits for the client's delayed acknowledgement.
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its small packets back");
            }
        });
        let served_router = router.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            let until = async { drop(stopped.await) };
            if let Err(error) = axum::serve(listener, served_router).with_graceful_shutdown(until).await {
                tracing::error!(%error, "an endpoint stopped serving");
            }
        });
        Ok(Self { address, router, stop, served })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it serves, to be served at another place too.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Takes no more connections, and waits a while until the requests in hand are answered.
    pub(crate) async fn shutdown(mut self) {
        drop(self.stop);
        if tokio::time::timeout(SHUTDOWN_LIMIT, &mut self.served).await.is_err() {
            tracing::warn!(address = %self.address, "requests were still in hand when an endpoint ended");
            self.served.abort();
        }
    }
}
