//! Small JSON files that are replaced as a whole: a process that is killed leaves the old one or the new one.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Replaces the file, or makes it. It survives the process once this returns.
pub(super) fn replace(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let half_written = path.with_extension("new");
    std::fs::write(&half_written, serde_json::to_vec(content)?)?;
    std::fs::rename(&half_written, path)
}

/// Reads a file; none where there is none.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(content) => serde_json::from_slice(&content).map(Some).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged: {error}", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
