//! Where a run that is at work listens, in a file of its folder, for commands of other processes.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::LOCK;

/// The file in the folder of a run.
const FILE: &str = "endpoints.json";

/// Where a run listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEndpoints {
    /// `AWS_ENDPOINT_URL_KINESIS` for a client.
    pub kinesis: String,
    /// `AWS_ENDPOINT_URL_S3` for a client.
    pub s3: String,
    /// `AWS_ENDPOINT_URL` for a client: every service that the run has, its functions among them.
    pub all: String,
}

impl RunEndpoints {
    /// The endpoints of the run that is at work in the folder; `None` where none is.
    pub fn of(data_dir: &Path) -> Option<Self> {
        if !is_at_work(data_dir) {
            return None;
        }
        serde_json::from_slice(&fs::read(data_dir.join(FILE)).ok()?).ok()
    }

    /// Tells other processes, whole or not at all.
    pub(crate) fn tell(&self, data_dir: &Path) -> io::Result<()> {
        let new = data_dir.join(format!("{FILE}.new"));
        fs::write(&new, serde_json::to_vec(self)?)?;
        fs::rename(new, data_dir.join(FILE))
    }
}

/// Whether a process has the folder. What an ended run left of its file is not believed.
fn is_at_work(data_dir: &Path) -> bool {
    let Ok(lock) = File::open(data_dir.join(LOCK)) else { return false };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::super::folder::DataFolder;
    use super::*;

    #[test]
    fn the_endpoints_of_a_run_are_told_while_it_is_at_work_and_not_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(RunEndpoints::of(folder.path()), None);
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let endpoints = RunEndpoints { kinesis: url(1), s3: url(2), all: url(3) };
        let data = DataFolder::take(folder.path()).unwrap();
        endpoints.tell(folder.path()).unwrap();
        assert_eq!(RunEndpoints::of(folder.path()), Some(endpoints));
        drop(data);
        assert_eq!(RunEndpoints::of(folder.path()), None);
    }
}
