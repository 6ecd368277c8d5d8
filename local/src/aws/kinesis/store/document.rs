//! Small JSON files that are replaced as a whole. A process that is killed leaves either the old one or the
//! new one.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Replaces or creates the file. It survives the process once this returns.
pub(super) fn replace(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let half_written = path.with_extension("new");
    std::fs::write(&half_written, serde_json::to_vec(content)?)?;
    std::fs::rename(&half_written, path)
}

/// Reads a file; `None` if it does not exist.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(content) => serde_json::from_slice(&content).map(Some).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged: {error}", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
