//! How much of an input's file its producer has read, by the cursor that the producer saves once a second.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use edge::ingest::{Cursor, CursorFile};
use serde::Deserialize;

/// Longest cursor that is read; one of a file has some 300 bytes.
const MAX_CURSOR_BYTES: u64 = 64 << 10;
/// How files begin whose positions are not those of their bytes: gzip, zstd, and UTF-16 in both orders.
const OTHER_POSITIONS: [&[u8]; 4] = [&[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd], &[0xff, 0xfe], &[0xfe, 0xff]];

/// How much of the inputs of a data set was read, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InputShare {
    /// Bytes that were read and put.
    pub read: u64,
    /// Bytes of all its files, at least as many.
    pub of: u64,
}

/// The file of an input whose length is known in the units of its producer's cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputFile {
    cursor: PathBuf,
    bytes: u64,
}

/// An object of a bucket's folder that a producer reads, and puts on a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadObject<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) data_set: &'a str,
    pub(crate) stream: &'a str,
}

#[derive(Deserialize)]
struct Saved {
    cursor: Cursor,
}

impl InputFile {
    /// None where a position says nothing of the share, as in a compressed file.
    pub(crate) fn of(input: ReadObject<'_>) -> Option<Self> {
        let ReadObject { folder, bucket, key, data_set, stream } = input;
        let path = folder.join(key);
        let bytes = fs::metadata(&path).ok()?.len();
        let mut first = Vec::new();
        File::open(&path).ok()?.take(4).read_to_end(&mut first).ok()?;
        if OTHER_POSITIONS.iter().any(|beginning| first.starts_with(beginning)) {
            return None;
        }
        // The name under which kinflow's producer keeps a cursor. Of another producer nothing is found, and nothing told.
        let cursor = CursorFile::key(data_set, &format!("s3://{bucket}/{key} to {stream}"));
        Some(Self { cursor: folder.join(cursor), bytes })
    }

    /// What was read by now; nothing where no cursor is there.
    pub(crate) fn share(&self) -> Option<InputShare> {
        let mut text = Vec::new();
        File::open(&self.cursor).ok()?.take(MAX_CURSOR_BYTES).read_to_end(&mut text).ok()?;
        let Saved { cursor } = serde_json::from_slice(&text).ok()?;
        let read = if cursor.done { self.bytes } else { cursor.resume.position.min(self.bytes) };
        Some(InputShare { read, of: self.bytes })
    }
}

/// The files of one data set together; none where one of them tells nothing.
pub(crate) fn together(files: &[Option<InputFile>]) -> Option<InputShare> {
    let mut sum = InputShare::default();
    for file in files {
        let share = file.as_ref()?.share()?;
        sum = InputShare { read: sum.read + share.read, of: sum.of + share.of };
    }
    (sum.of > 0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(folder: &Path, content: &[u8]) -> Option<InputFile> {
        fs::create_dir_all(folder.join("input")).unwrap();
        fs::write(folder.join("input/a.csv"), content).unwrap();
        InputFile::of(ReadObject { folder, bucket: "b", key: "input/a.csv", data_set: "crime", stream: "S" })
    }

    fn save(file: &InputFile, cursor: &str) {
        fs::create_dir_all(file.cursor.parent().unwrap()).unwrap();
        fs::write(&file.cursor, format!(r#"{{"version":1,"source":"s","cursor":{cursor}}}"#)).unwrap();
    }

    #[test]
    fn the_share_is_the_saved_position_and_never_more_than_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = input(folder.path(), b"0123456789").unwrap();
        assert_eq!(together(&[Some(file.clone())]), None, "no cursor is saved yet");
        for (cursor, read) in [
            (r#"{"resume":{"position":4}}"#, 4),
            (r#"{"resume":{"position":99}}"#, 10),
            (r#"{"resume":{"position":3},"done":true}"#, 10),
        ] {
            save(&file, cursor);
            assert_eq!(together(&[Some(file.clone())]), Some(InputShare { read, of: 10 }), "{cursor}");
        }
        assert_eq!(together(&[Some(file.clone()), None]), None, "one that tells nothing leaves the sum open");
        save(&file, "7");
        assert_eq!((together(&[Some(file)]), together(&[])), (None, None));
    }

    #[test]
    fn a_position_in_a_compressed_file_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for beginning in OTHER_POSITIONS {
            assert_eq!(input(folder.path(), beginning), None);
        }
    }
}
