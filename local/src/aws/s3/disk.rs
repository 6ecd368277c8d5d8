//! File operations on the folder.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use s3s::crypto::{Checksum, Md5};

use super::key;

const HASH_CHUNK_BYTES: usize = 256 << 10;

/// The first of the paths that is a file.
pub(super) fn first_file(paths: impl Iterator<Item = PathBuf>) -> io::Result<Option<(PathBuf, Metadata)>> {
    for path in paths {
        match fs::symlink_metadata(&path) {
            Ok(file) if file.is_file() => return Ok(Some((path, file))),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Moves a file to the place of its key: 1. to the place where the key's file is already; 2. if there is
/// none, to the plain path; 3. if another key's file or folder obstructs the plain path, to the other path.
pub(super) fn place(file: &Path, plain: Option<&Path>, unplain: &Path) -> io::Result<()> {
    let stays_unplain = unplain.is_file() && !plain.is_some_and(Path::is_file);
    if let Some(plain) = plain.filter(|_| !stays_unplain) {
        match move_to(file, plain) {
            Err(error) if is_in_the_way(&error) => {}
            moved => return moved,
        }
    }
    move_to(file, unplain)
}

fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::rename(from, to)
}

fn is_in_the_way(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::AlreadyExists
            | ErrorKind::DirectoryNotEmpty
    )
}

/// Removes a file. If it does not exist, that is not an error.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
        .or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Removes the folders that are empty without a removed file, up to a folder that stays.
pub(super) fn prune(removed: &Path, stays: &Path) {
    let parents =
        removed.ancestors().skip(1).take_while(|parent| parent.starts_with(stays) && *parent != stays);
    for parent in parents {
        if fs::remove_dir(parent).is_err() {
            break; // it still holds something
        }
    }
}

/// MD5 of a file, in hexadecimal.
pub(super) fn md5_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Md5::new();
    let mut chunk = Vec::with_capacity(HASH_CHUNK_BYTES);
    while (&mut file).take(HASH_CHUNK_BYTES as u64).read_to_end(&mut chunk)? > 0 {
        hash.update(&chunk);
        chunk.clear();
    }
    Ok(key::hex(hash.finalize().as_ref()))
}

/// Makes one file of several, in order.
pub(super) fn concatenate<'a>(parts: impl Iterator<Item = &'a Path>, to: &Path) -> io::Result<()> {
    let mut whole = File::create(to)?;
    for part in parts {
        io::copy(&mut File::open(part)?, &mut whole)?;
    }
    whole.flush()
}
