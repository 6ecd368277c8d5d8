//! How far a file was put, stored in a small file beside it while the put goes on.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use edge::clock::since_epoch_ms;
use edge::put_records::StreamIdentity;
use edge::sources::Resume;
use serde::{Deserialize, Serialize};

/// Version of the bookmark's form.
const VERSION: u32 = 2;
/// How much of an endpoint is in the names of files, which have at most 255 bytes.
const MAX_ENDPOINT_CHARS: usize = 60;

/// The place in a file up to which everything was put or put aside. A put that ends well removes it.
pub(super) struct Bookmark {
    path: PathBuf,
    of: Of,
    saved: Option<Resume>,
}

/// What a place belongs to. In another file or for another stream it means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Of {
    version: u32,
    file: Version,
    target: Target,
}

/// The version of the file. A changed file is put from its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    bytes: u64,
    modified_ms: i64,
}

/// The stream to which records are put. A stream with the same name may be another one: at another endpoint,
/// in another account, or created again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    /// The server's URL, or the region of AWS.
    pub(super) endpoint: String,
    /// The stream; `None` if it may not be described.
    pub(super) stream: Option<StreamIdentity>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    #[serde(flatten)]
    of: Of,
    resume: Resume,
}

/// Why a put starts over although there is a bookmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StartsOver {
    /// The bookmark can't be read, or belongs to another version of the command.
    Unreadable,
    /// The file was changed since then.
    FileChanged,
    /// The stream is another one with the same name.
    OtherStream,
    /// It is unknown whether the stream is the same one.
    UnknownStream,
}

impl StartsOver {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "its cursor can't be read",
            Self::FileChanged => "the file has changed since",
            Self::OtherStream => "the stream is another one with the same name",
            Self::UnknownStream => {
                "the stream may not be described (DescribeStreamSummary), so it may be another one"
            }
        }
    }
}

impl Bookmark {
    /// Reads the bookmark of `put` for the stream called `stream`, and reports why an earlier one does not
    /// count.
    pub(super) fn open(
        put: &Path,
        file: &File,
        stream: &str,
        target: Target,
    ) -> io::Result<(Self, Option<StartsOver>)> {
        let metadata = file.metadata()?;
        let modified_ms = since_epoch_ms(metadata.modified().unwrap_or(UNIX_EPOCH));
        let of = Of { version: VERSION, file: Version { bytes: metadata.len(), modified_ms }, target };
        let path = beside(put, stream, &of.target.endpoint, "cursor.json");
        let (saved, starts_over) = match fs::read(&path) {
            Ok(json) => match of.place_in(&json) {
                Ok(resume) => (Some(resume), None),
                Err(why) => (None, Some(why)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, None),
            Err(_) => (None, Some(StartsOver::Unreadable)),
        };
        Ok((Self { path, of, saved }, starts_over))
    }

    /// Where to continue: at the start, unless an earlier put of the same file to the same stream was
    /// interrupted.
    pub(super) fn resume(&self) -> Resume {
        self.saved.clone().unwrap_or_default()
    }

    /// Saves the place, completely or not at all. The error names the file.
    pub(super) fn save(&self, resume: &Resume) -> Result<(), Box<dyn Error>> {
        let saved = Saved { of: self.of.clone(), resume: resume.clone() };
        // It is written to another file and then moved, so that it is either complete or absent.
        let part = self.path.with_extension("part");
        fs::write(&part, serde_json::to_vec(&saved)?)
            .and_then(|()| fs::rename(&part, &self.path))
            .map_err(|error| self.failed("written", &error))
    }

    /// Removes the bookmark, since everything is put.
    pub(super) fn remove(&self) -> Result<(), Box<dyn Error>> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed("removed", &error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, what: &str, error: &io::Error) -> Box<dyn Error> {
        let path = self.path.display();
        format!("cursor {path} can't be {what}: {error}; the next put of this file may put records twice")
            .into()
    }
}

impl Of {
    fn place_in(&self, json: &[u8]) -> Result<Resume, StartsOver> {
        let Saved { of, resume } = serde_json::from_slice(json).map_err(|_| StartsOver::Unreadable)?;
        if of.version != self.version {
            return Err(StartsOver::Unreadable);
        }
        if of.file != self.file {
            return Err(StartsOver::FileChanged);
        }
        if self.target.stream.is_none() || of.target.stream.is_none() {
            return Err(StartsOver::UnknownStream);
        }
        if of.target == self.target { Ok(resume) } else { Err(StartsOver::OtherStream) }
    }
}

/// `<file>.<stream>.<endpoint>.<ending>`: streams of one name at two endpoints have a file each.
pub(super) fn beside(file: &Path, stream: &str, endpoint: &str, ending: &str) -> PathBuf {
    let (_, server) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let plain = |char: char| if char.is_ascii_alphanumeric() || "-.".contains(char) { char } else { '_' };
    let server: String = server.trim_end_matches('/').chars().take(MAX_ENDPOINT_CHARS).map(plain).collect();
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{stream}.{server}.{ending}"));
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(endpoint: &str, account: u64, created_at_ms: i64) -> Target {
        let arn = format!("arn:aws:kinesis:us-east-1:{account:012}:stream/s");
        Target { endpoint: endpoint.to_owned(), stream: Some(StreamIdentity { arn, created_at_ms }) }
    }

    fn open(path: &Path, target: Target) -> (Bookmark, Option<StartsOver>) {
        Bookmark::open(path, &File::open(path).unwrap(), "s", target).unwrap()
    }

    fn rows() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        fs::write(&path, "a,b\n1,2\n").unwrap();
        (folder, path)
    }

    #[test]
    fn an_interrupted_file_goes_on_and_a_finished_or_changed_one_starts_anew() {
        let (_folder, path) = rows();
        let here = || target("http://here", 1, 5);
        open(&path, here()).0.save(&Resume { position: 4, page: None }).unwrap();
        let (bookmark, starts_over) = open(&path, here());
        assert_eq!((bookmark.resume().position, starts_over), (4, None));
        bookmark.remove().unwrap();
        assert_eq!(open(&path, here()).0.resume().position, 0);
        bookmark.save(&Resume { position: 4, page: None }).unwrap();
        fs::write(&path, "a,b\n1,2\n3,4\n").unwrap();
        let (bookmark, starts_over) = open(&path, here());
        assert_eq!((bookmark.resume().position, starts_over), (0, Some(StartsOver::FileChanged)));
    }

    #[test]
    fn another_stream_of_the_same_name_is_put_to_from_the_start() {
        let (_folder, path) = rows();
        open(&path, target("http://here", 1, 5)).0.save(&Resume { position: 4, page: None }).unwrap();
        let unknown = Target { endpoint: "http://here".to_owned(), stream: None };
        for (other, why) in [
            (target("http://here", 2, 5), StartsOver::OtherStream),
            (target("http://here", 1, 6), StartsOver::OtherStream),
            (unknown, StartsOver::UnknownStream),
        ] {
            let (bookmark, starts_over) = open(&path, other);
            assert_eq!((bookmark.resume().position, starts_over), (0, Some(why)));
        }
    }

    #[test]
    fn streams_of_one_name_at_two_endpoints_keep_a_place_each() {
        let (_folder, path) = rows();
        let (here, there) = (|| target("http://127.0.0.1:4567", 1, 5), || target("AWS in eu-west-1", 1, 5));
        open(&path, here()).0.save(&Resume { position: 4, page: None }).unwrap();
        let (bookmark, starts_over) = open(&path, there());
        assert_eq!((bookmark.resume().position, starts_over), (0, None));
        bookmark.save(&Resume { position: 8, page: None }).unwrap();
        assert_eq!(open(&path, here()).0.resume().position, 4);
        assert_eq!(open(&path, there()).0.resume().position, 8);
        assert!(path.with_file_name("rows.csv.s.127.0.0.1_4567.cursor.json").exists());
    }

    #[test]
    fn what_is_no_bookmark_is_told_and_the_put_starts_over() {
        let (_folder, path) = rows();
        let earlier = r#"{"version":{"bytes":8,"modified_ms":1},"resume":{"position":4}}"#;
        for json in ["", "[]", earlier] {
            fs::write(beside(&path, "s", "e", "cursor.json"), json).unwrap();
            assert_eq!(open(&path, target("e", 1, 1)).1, Some(StartsOver::Unreadable), "{json}");
        }
    }
}
