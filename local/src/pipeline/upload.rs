//! Stores input files as objects of the bucket, so that a producer reads them like any other object.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use record_model::keys::hash_key;
use record_model::layout::InputKey;

use crate::error::RunError;
use crate::options::Input;
use crate::pipeline::folder::FolderError;

/// How many hexadecimal digits of a file's path, and of its state, are in its key.
const HASH_DIGITS: usize = 8;

/// An input that is stored as an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Uploaded {
    pub(crate) key: String,
    /// Whether an earlier run put it there. The file is the same, so the producer's cursor continues where it
    /// was.
    pub(crate) was_there: bool,
    /// Whether an earlier run read another file, or another state of this one, from the same path.
    pub(crate) changed: bool,
}

/// Where inputs are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Uploads<'a> {
    /// The bucket's folder.
    pub(crate) bucket: &'a Path,
    /// A folder on the same file system, for incomplete files.
    pub(crate) unfinished: &'a Path,
}

impl Uploads<'_> {
    /// Copies the file, unless the bucket has it. The object becomes visible only when it is complete.
    ///
    /// The key identifies the file by its path, size and time of change, so that two files of one name are
    /// two objects, and a file that was changed is another input.
    pub(crate) fn upload(&self, input: &Input) -> Result<Uploaded, RunError> {
        let unreadable = |source| RunError::Input { path: input.path.clone(), source };
        let Identity { path, state } = Identity::of(&input.path).map_err(unreadable)?;
        let identity = format!("{path}{state}");
        let name = input.path.file_name().unwrap_or_default().to_string_lossy();
        let key = InputKey { data_set: &input.data_set, name: &format!("{identity}/{name}") }.key();
        let object = self.bucket.join(&key);
        if object.is_file() {
            return Ok(Uploaded { key, was_there: true, changed: false });
        }
        let changed = has_entry(object.parent().and_then(Path::parent), &path);
        let mut from = File::open(&input.path).map_err(unreadable)?;
        self.write(&mut from, &identity, &object)?;
        Ok(Uploaded { key, was_there: false, changed })
    }

    fn write(&self, from: &mut File, identity: &str, object: &Path) -> Result<(), FolderError> {
        let part = self.unfinished.join(identity);
        let storage = |path: &Path, source| FolderError::Storage { path: path.to_owned(), source };
        let copied = File::create(&part).and_then(|mut to| io::copy(from, &mut to));
        if let Err(source) = copied {
            // The copy may be what filled the disk.
            let removed = fs::remove_file(&part);
            tracing::debug!(?removed, "an unfinished upload is taken away");
            return Err(storage(self.unfinished, source));
        }
        let folder = object.parent().unwrap_or(self.bucket);
        let moved = fs::create_dir_all(folder).and_then(|()| fs::rename(&part, object));
        moved.map_err(|source| storage(folder, source))
    }
}

/// What distinguishes a file from every other one, and from itself after a change.
struct Identity {
    path: String,
    state: String,
}

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        let path: PathBuf = path.canonicalize()?;
        let metadata = path.metadata()?;
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let digits = |text: &str| format!("{:032x}", hash_key(text)).chars().take(HASH_DIGITS).collect();
        let path = path.display().to_string();
        let state = digits(&format!("{path}\n{}\n{changed}", metadata.len()));
        Ok(Self { path: digits(&path), state })
    }
}

/// Whether a name in the folder begins with this.
fn has_entry(folder: Option<&Path>, beginning: &str) -> bool {
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene(tempfile::TempDir);

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            for name in ["bucket", "unfinished", "x", "y"] {
                fs::create_dir(folder.path().join(name)).unwrap();
            }
            Self(folder)
        }

        fn file(&self, name: &str, text: &str) -> Input {
            let path = self.0.path().join(name);
            fs::write(&path, text).unwrap();
            Input { data_set: "crime".to_owned(), path }
        }

        fn upload(&self, input: &Input) -> Uploaded {
            let (bucket, unfinished) = (self.0.path().join("bucket"), self.0.path().join("unfinished"));
            Uploads { bucket: &bucket, unfinished: &unfinished }.upload(input).unwrap()
        }
    }

    #[test]
    fn two_files_of_one_name_are_two_objects() {
        let scene = Scene::new();
        let first = scene.upload(&scene.file("x/a.csv", "1"));
        let second = scene.upload(&scene.file("y/a.csv", "2"));
        assert_ne!(first.key, second.key);
        let text = |key: &str| fs::read_to_string(scene.0.path().join("bucket").join(key)).unwrap();
        assert_eq!((text(&first.key).as_str(), text(&second.key).as_str()), ("1", "2"));
    }

    #[test]
    fn the_same_file_is_the_same_object_and_a_changed_one_is_another() {
        let scene = Scene::new();
        let input = scene.file("x/a.csv", "1");
        let first = scene.upload(&input);
        assert!(!first.was_there && !first.changed);
        assert_eq!(
            scene.upload(&input),
            Uploaded { key: first.key.clone(), was_there: true, changed: false }
        );
        let second = scene.upload(&scene.file("x/a.csv", "12"));
        assert!(second.key != first.key && second.changed);
        assert!(!scene.upload(&scene.file("y/a.csv", "12")).changed);
    }

    #[test]
    fn a_folder_that_refuses_is_named_and_keeps_no_part() {
        let scene = Scene::new();
        let input = scene.file("x/a.csv", "1");
        let nowhere = scene.0.path().join("not there");
        let uploads = Uploads { bucket: &scene.0.path().join("bucket"), unfinished: &nowhere };
        let error = uploads.upload(&input).unwrap_err().to_string();
        assert!(error.contains("not there"), "{error}");
    }
}
