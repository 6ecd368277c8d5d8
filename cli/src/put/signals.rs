//! The signals that end a command. After the first one of a put, requests under way are awaited, and the second one
//! ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Whether the put is to stop.
#[derive(Clone, Default)]
pub(super) struct Stop {
    /// Set by the first signal.
    pub(super) flag: Arc<AtomicBool>,
    notify: Arc<Notify>,
}

impl Stop {
    /// Listens for Ctrl-C, SIGTERM and SIGHUP from now on.
    pub(super) fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        let (mut signals, told) = (Signals::listen()?, stop.clone());
        tokio::spawn(async move {
            signals.next().await;
            eprintln!("stopping: waiting for the requests under way");
            told.flag.store(true, Ordering::Relaxed);
            told.notify.notify_one();
            let code = signals.next().await;
            std::process::exit(code);
        });
        Ok(stop)
    }

    /// Waits for the first signal. Only one task may wait.
    pub(super) async fn requested(&self) {
        self.notify.notified().await;
    }
}

/// Ctrl-C, SIGTERM and SIGHUP.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal, and returns the exit code of a process that it ends.
    pub(crate) async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
            _ = self.hang_up.recv() => 129,
        }
    }
}

#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[allow(clippy::unnecessary_wraps, reason = "listening may fail elsewhere")]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for Ctrl-C, and returns the exit code of a process that it ends.
    pub(crate) async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        130
    }
}
