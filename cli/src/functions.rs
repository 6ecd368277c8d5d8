//! The functions' binaries. They are used as they are if they are up to date, and built if they are missing
//! or older than their sources.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use thiserror::Error;

/// The functions. Each is a package with a binary of the same name.
const FUNCTIONS: [&str; 3] = ["producer", "consumer", "transform"];

/// The sources of the binaries, relative to the workspace's root.
const SOURCES: [&str; 5] = ["Cargo.toml", "Cargo.lock", "functions", "shared", "schemas"];

/// How the functions are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// In the profile of the command itself, so that both share every dependency that is compiled already.
    Dev,
    /// In the profile in which they are deployed. Nothing is shared, and linking alone takes minutes.
    Release,
}

impl Profile {
    /// The folder in which cargo puts the binaries, below its target folder.
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }

    /// What the user is told while waiting.
    fn expectation(self) -> &'static str {
        match self {
            Self::Dev => "building the functions: about 15 seconds the first time, fewer after a change",
            Self::Release => {
                "building the functions as they are deployed (--release): about five minutes the first time"
            }
        }
    }
}

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
        "{folder} contains neither the binary `{missing}` nor a workspace to build it from; \
         name the folder with --functions"
    )]
    NoWorkspace { folder: PathBuf, missing: &'static str },
    #[error("can't start `cargo` to build the functions; install Rust or name built ones with --functions")]
    NoCargo(#[source] io::Error),
    #[error("`cargo build` of the functions failed, see its messages above")]
    Build,
}

/// The folder of up-to-date binaries of the workspace at `root`, built now if necessary.
pub(crate) fn built(
    root: &Path,
    target_dir: Option<&Path>,
    profile: Profile,
) -> Result<PathBuf, FunctionsError> {
    let target_dir = target_dir.map_or_else(|| root.join("target"), Path::to_path_buf);
    let folder = target_dir.join(profile.folder());
    let Some(missing) = first_stale(root, &folder)? else { return Ok(folder) };
    if !root.join("functions").is_dir() {
        return Err(FunctionsError::NoWorkspace { folder, missing });
    }
    build(root, &target_dir, profile)?;
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

/// Cargo's own progress and messages go to the terminal.
fn build(root: &Path, target_dir: &Path, profile: Profile) -> Result<(), FunctionsError> {
    eprintln!("{}", profile.expectation());
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).arg("build").arg("--target-dir").arg(absolute(target_dir));
    if profile == Profile::Release {
        cargo.arg("--release");
    } else {
        // The command is built along with the functions, so that they get the features with which it was
        // built.
        cargo.args(["--package", "kinflow"]);
    }
    for function in FUNCTIONS {
        cargo.args(["--package", function]);
    }
    for (name, _) in std::env::vars_os() {
        if is_of_own_package(&name) {
            cargo.env_remove(name);
        }
    }
    let status = cargo.status().map_err(FunctionsError::NoCargo)?;
    if status.success() { Ok(()) } else { Err(FunctionsError::Build) }
}

/// Whether `cargo run` sets this variable, and `cargo build` does not. Build scripts ask for some of them, as `ring`'s
/// does. If a nested build had them, it would compile `ring` again, and everything that depends on it.
fn is_of_own_package(variable: &OsStr) -> bool {
    let variable = variable.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| variable.starts_with(prefix))
}

/// Cargo is started in the workspace's root, but the folder is relative to where the command was started.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Sets the time of the binaries to now, since cargo does not touch a binary if a changed source has no
/// effect on it. They are opened for reading, since another run may be using them, and a running program
/// can't be opened for writing.
fn mark_current(folder: &Path) -> Result<(), FunctionsError> {
    for function in FUNCTIONS {
        let path = folder.join(function);
        let marked = fs::File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
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
        fs::create_dir_all(root.path().join("target/debug")).unwrap();
        fs::write(root.path().join("functions/producer/src/main.rs"), "fn main() {}").unwrap();
        for name in FUNCTIONS {
            fs::write(root.path().join("target/debug").join(name), "").unwrap();
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
        assert_eq!(built(root.path(), None, Profile::Dev).unwrap(), root.path().join("target/debug"));
    }

    #[test]
    fn a_binary_older_than_a_source_is_stale() {
        let root = workspace();
        age(&root.path().join("target/debug/transform"), Duration::from_mins(1));
        assert_eq!(first_stale(root.path(), &root.path().join("target/debug")).unwrap(), Some("transform"));
    }

    #[test]
    fn without_a_workspace_the_missing_binary_is_named() {
        let root = tempfile::tempdir().unwrap();
        let error = built(root.path(), None, Profile::Dev).unwrap_err();
        assert!(error.to_string().contains("neither the binary `producer`"), "{error}");
    }
}
