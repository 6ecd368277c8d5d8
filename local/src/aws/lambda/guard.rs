//! A process group that ends with the runner, however the runner ends.
//!
//! A runner that was killed can't clean up, so something that outlives it must do so. Each environment has a
//! guard: a shell that leads the environment's process group and waits at the end of a pipe. The pipe closes
//! when the runner closes it, and also when the runner dies for any reason. The guard then kills its group:
//! the function's process, whatever that started, and itself. The group exists before the function's process
//! does, so no process is unguarded for a moment.
//!
//! Linux's parent-death signal would not suffice: it misses what the function started, it is sent when the
//! thread ends that started the process, and other systems lack it. A process that opens a new session leaves
//! the group.

use std::io;
use std::process::Stdio;

use tokio::process::{Child, Command};

/// The guard ignores the signals that a terminal or a system sends to everyone at its end, so that it can do
/// its work.
const SCRIPT: &str = "trap '' INT TERM HUP; read -r line; kill -KILL 0";

/// The leader of a process group. The group is killed when this is dropped.
pub(super) struct Guard {
    process: Child,
    group: i32,
}

impl Guard {
    pub(super) fn start() -> io::Result<Self> {
        let process = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let group = process.id().and_then(|id| i32::try_from(id).ok());
        let group = group.ok_or_else(|| io::Error::other("the guard of a process group ended at once"))?;
        Ok(Self { process, group })
    }

    /// The group that processes must join.
    pub(super) fn group(&self) -> i32 {
        self.group
    }

    /// Kills the group, and waits until that is done.
    pub(super) async fn kill(mut self) -> io::Result<()> {
        drop(self.process.stdin.take());
        self.process.wait().await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that starts another process and waits for it, and the other's id.
    async fn family(guard: &Guard) -> (Child, u32) {
        let mut parent = Command::new("/bin/sh")
            .args(["-c", "sleep 1000 & echo $!; wait"])
            .stdout(Stdio::piped())
            .process_group(guard.group())
            .spawn()
            .unwrap();
        let mut lines =
            tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(parent.stdout.take().unwrap()));
        let child = lines.next_line().await.unwrap().unwrap();
        (parent, child.parse().unwrap())
    }

    /// Ends once the process is gone: it has no parent left that would have to look after it.
    async fn gone(process: u32) {
        while std::path::Path::new(&format!("/proc/{process}/cmdline")).exists() && !is_zombie(process) {
            tokio::task::yield_now().await;
        }
    }

    fn is_zombie(process: u32) -> bool {
        std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    #[tokio::test]
    async fn a_killed_group_takes_along_what_its_processes_started() {
        let guard = Guard::start().unwrap();
        let (mut parent, child) = family(&guard).await;
        guard.kill().await.unwrap();
        assert!(!parent.wait().await.unwrap().success());
        gone(child).await;
    }

    #[tokio::test]
    async fn a_guard_that_is_dropped_kills_its_group_too() {
        let guard = Guard::start().unwrap();
        let (mut parent, child) = family(&guard).await;
        drop(guard);
        assert!(!parent.wait().await.unwrap().success());
        gone(child).await;
    }
}
