//! The functions' release binaries: found where they are built, built where they are missing or older than their sources.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use thiserror::Error;

/// The functions, each a package and a binary of that name.
const FUNCTIONS: [&str; 3] = ["producer", "consumer", "transform"];

/// What the binaries are made of, from the workspace's root.
const SOURCES: [&str; 5] = ["Cargo.toml", "Cargo.lock", "functions", "shared", "schemas"];

/// Why there are no binaries to run.
#[derive(Debug, Error)]
pub(crate) enum FunctionsError {
    #[error("can't read {path} to see whether the functions are up to date")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "{folder} holds no binary `{missing}` and no workspace to build it from; name the folder with --functions"
    )]
    NoWorkspace { folder: PathBuf, missing: &'static str },
    #[error("can't start `cargo` to build the functions; install Rust or name built ones with --functions")]
    NoCargo(#[source] io::Error),
    #[error("`cargo build --release` of the functions failed, see its messages above")]
    Build,
}

/// The folder of up-to-date binaries of the workspace at `root`, built now where needed.
pub(crate) fn built(root: &Path, target_dir: Option<&Path>) -> Result<PathBuf, FunctionsError> {
    let folder = target_dir.map_or_else(|| root.join("target"), Path::to_path_buf).join("release");
    let Some(missing) = first_stale(root, &folder)? else { return Ok(folder) };
    if !root.join("functions").is_dir() {
        return Err(FunctionsError::NoWorkspace { folder, missing });
    }
    build(root, target_dir)?;
    mark_current(&folder)?;
    Ok(folder)
}

/// The first function whose binary is missing or older than a source.
fn first_stale(root: &Path, folder: &Path) -> Result<Option<&'static str>, FunctionsError> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for source in SOURCES {
        newest = newest.max(newest_below(&root.join(source))?);
    }
    let built = |name: &str| fs::metadata(folder.join(name)).and_then(|metadata| metadata.modified()).ok();
    Ok(FUNCTIONS.into_iter().find(|name| built(name).is_none_or(|at| at < newest)))
}

/// When the file, or the newest file below the folder, was last changed.
fn newest_below(path: &Path) -> Result<SystemTime, FunctionsError> {
    let unreadable = |source| FunctionsError::Read { path: path.to_path_buf(), source };
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(SystemTime::UNIX_EPOCH),
        other => other.map_err(unreadable)?,
    };
    let mut newest = metadata.modified().map_err(unreadable)?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path).map_err(unreadable)? {
            newest = newest.max(newest_below(&entry.map_err(unreadable)?.path())?);
        }
    }
    Ok(newest)
}

fn build(root: &Path, target_dir: Option<&Path>) -> Result<(), FunctionsError> {
    eprintln!("building the functions (release; minutes the first time) …");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["build", "--release", "--quiet"]);
    for function in FUNCTIONS {
        cargo.args(["--package", function]);
    }
    if let Some(target_dir) = target_dir {
        cargo.arg("--target-dir").arg(target_dir);
    }
    let status = cargo.status().map_err(FunctionsError::NoCargo)?;
    if status.success() { Ok(()) } else { Err(FunctionsError::Build) }
}

/// Dates the binaries now: cargo leaves a binary alone when a source changed without effect on it.
fn mark_current(folder: &Path) -> Result<(), FunctionsError> {
    for function in FUNCTIONS {
        let path = folder.join(function);
        let marked = fs::File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        marked.map_err(|source| FunctionsError::Read { path, source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("functions/producer/src")).unwrap();
        fs::create_dir_all(root.path().join("target/release")).unwrap();
        fs::write(root.path().join("functions/producer/src/main.rs"), "fn main() {}").unwrap();
        for name in FUNCTIONS {
            fs::write(root.path().join("target/release").join(name), "").unwrap();
        }
        root
    }

    fn age(path: &Path, by: Duration) {
        fs::File::options().append(true).open(path).unwrap().set_modified(SystemTime::now() - by).unwrap();
    }

    #[test]
    fn binaries_newer_than_every_source_are_taken_as_they_are() {
        let root = workspace();
        age(&root.path().join("functions/producer/src/main.rs"), Duration::from_mins(1));
        assert_eq!(built(root.path(), None).unwrap(), root.path().join("target/release"));
    }

    #[test]
    fn a_binary_older_than_a_source_is_stale() {
        let root = workspace();
        age(&root.path().join("target/release/transform"), Duration::from_mins(1));
        assert_eq!(first_stale(root.path(), &root.path().join("target/release")).unwrap(), Some("transform"));
    }

    #[test]
    fn without_a_workspace_the_missing_binary_is_named() {
        let root = tempfile::tempdir().unwrap();
        let error = built(root.path(), None).unwrap_err();
        assert!(error.to_string().contains("no binary `producer`"), "{error}");
    }
}
