//! Notes on what was fed again already: an object for each step of a redrive, or a line in a file beside a file.
//!
//! A step is noted before it begins, with the records that it is about to feed, and again when it is over. If a redrive
//! is killed, nobody knows how its step ended. Such records are neither fed again nor forgotten, but reported.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::future::ready;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::pin::pin;

use bytes::Bytes;
use edge::aws::S3Store;
use edge::store::{Attributes, Created, ETag, ObjectStore as _, Replaced, StoreError, list_all};
use futures::TryStreamExt as _;
use record_model::keys::hash_key;
use record_model::layout::RedrivenKey;
use serde::{Deserialize, Serialize};

/// The number of notes that are read at the same time.
const AT_ONCE: usize = 16;

/// How far a record or a batch was fed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// It was fed again.
    Done,
    /// It may have been fed again.
    Unsure,
    /// The records of a batch from this one on are still to be fed.
    From(String),
}

/// Where notes are kept.
#[derive(Debug, Clone)]
pub(crate) enum Keeper {
    Bucket(S3Store),
    /// A file beside the one with the records.
    Beside(PathBuf),
}

/// The notes on one folder of records, or on one file.
pub(super) struct Marks {
    keeper: Keeper,
    of: String,
    run: String,
    step: u32,
    known: HashMap<u128, State>,
}

/// A step that has begun.
pub(super) struct Step {
    note: Note,
    key: String,
    etag: Option<ETag>,
}

/// What is written about a step, in version 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    version: u32,
    run: String,
    step: u32,
    at: String,
    /// Where the records are fed to, for people who read it.
    to: String,
    /// The records that the step feeds, by the names of their objects and lines.
    records: Vec<String>,
    /// Those of the records that were not fed. Absent until the step is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Vec<String>>,
    /// The first record of a batch that is still to be fed.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// The reason why notes can't be kept. Nothing is fed that can't be noted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MarkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("note {key} can't be read")]
    Form { key: String, source: serde_json::Error },
    #[error("note {key} was changed by another redrive, which may be at work: wait for its end")]
    Taken { key: String },
}

impl Marks {
    /// Reads the notes of a folder or a file.
    pub(super) async fn load(keeper: &Keeper, of: &str, run: &str) -> Result<Self, MarkError> {
        let (keeper, of, run) = (keeper.clone(), of.to_owned(), run.to_owned());
        let mut marks = Self { keeper, of, run, step: 0, known: HashMap::new() };
        for note in marks.notes().await? {
            marks.take(&note);
        }
        Ok(marks)
    }

    /// What is known of a record, or `None` if it was never fed again.
    pub(super) fn state(&self, name: &str) -> Option<&State> {
        self.known.get(&hash_key(name))
    }

    /// Notes that these records are about to be fed. A batch begins with the record that an earlier redrive reached.
    pub(super) async fn begin(
        &mut self,
        to: &str,
        records: Vec<String>,
        from: Option<&str>,
    ) -> Result<Step, MarkError> {
        let (run, step) = (self.run.clone(), self.step);
        self.step += 1;
        let key = RedrivenKey { of: &self.of, run: &run, step }.key();
        let (at, from) = (jiff::Timestamp::now().to_string(), from.map(str::to_owned));
        let note = Note { version: 1, run, step, at, to: to.to_owned(), records, failed: None, from };
        let mut begun = Step { note, key, etag: None };
        self.write(&mut begun).await?;
        Ok(begun)
    }

    /// Notes that the records of a batch before this one were fed.
    pub(super) async fn reach(&mut self, step: &mut Step, from: &str) -> Result<(), MarkError> {
        step.note.from = Some(from.to_owned());
        self.write(step).await
    }

    /// Notes that the step is over, and which of its records were not fed.
    pub(super) async fn end(&mut self, mut step: Step, failed: Vec<String>) -> Result<(), MarkError> {
        step.note.failed = Some(failed);
        self.write(&mut step).await?;
        self.take(&step.note);
        Ok(())
    }

    async fn write(&self, step: &mut Step) -> Result<(), MarkError> {
        let form = |source| MarkError::Form { key: step.key.clone(), source };
        let json = serde_json::to_vec(&step.note).map_err(form)?;
        match &self.keeper {
            Keeper::Beside(path) => append(path, &json),
            Keeper::Bucket(store) => {
                let content_type = Some("application/json".to_owned());
                let attributes = Attributes { content_type, ..Attributes::default() };
                let written = match &step.etag {
                    None => match store.create(&step.key, Bytes::from(json), &attributes).await? {
                        Created::Written(etag) => Some(etag),
                        Created::Exists => None,
                    },
                    Some(etag) => match store.replace(&step.key, etag, Bytes::from(json), &attributes).await?
                    {
                        Replaced::Written(etag) => Some(etag),
                        Replaced::Changed => None,
                    },
                };
                step.etag = written;
                if step.etag.is_none() { Err(MarkError::Taken { key: step.key.clone() }) } else { Ok(()) }
            }
        }
    }

    async fn notes(&self) -> Result<Vec<Note>, MarkError> {
        let store = match &self.keeper {
            Keeper::Beside(path) => return lines(path),
            Keeper::Bucket(store) => store,
        };
        let prefix = RedrivenKey::prefix(&self.of);
        let of_folder = list_all(store, &prefix).try_filter(|listed| {
            ready(RedrivenKey::parse(&listed.key).is_some_and(|read| read.of == self.of))
        });
        let read = of_folder
            .map_ok(|listed| async move { Ok::<_, StoreError>((store.get(&listed.key).await?, listed.key)) })
            .try_buffered(AT_ONCE);
        let (mut read, mut notes) = (pin!(read), Vec::new());
        while let Some((object, key)) = read.try_next().await? {
            let Some(object) = object else { continue };
            let note = serde_json::from_slice(&object.body);
            notes.push(note.map_err(|source| MarkError::Form { key, source })?);
        }
        Ok(notes)
    }

    /// Adds what a note says. Notes must be added in their order, since later ones replace earlier ones.
    fn take(&mut self, note: &Note) {
        for name in &note.records {
            let hash = hash_key(name);
            let state = match (&note.failed, &note.from) {
                (Some(failed), None) if failed.contains(name) => None,
                (Some(failed), Some(from)) if failed.contains(name) => Some(State::From(from.clone())),
                (Some(_), _) => Some(State::Done),
                (None, Some(from)) => Some(State::From(from.clone())),
                (None, None) => Some(State::Unsure),
            };
            match state {
                Some(state) => self.known.insert(hash, state),
                None => self.known.remove(&hash),
            };
        }
    }
}

fn append(path: &Path, json: &[u8]) -> Result<(), MarkError> {
    let failed = |source| MarkError::File { path: path.to_owned(), source };
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    file.write_all(&[json, b"\n"].concat()).and_then(|()| file.sync_data()).map_err(failed)
}

/// Reads the notes in a file. Half a line at its end belongs to a step that did not begin, so it is ignored.
fn lines(path: &Path) -> Result<Vec<Note>, MarkError> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|source| MarkError::File { path: path.to_owned(), source })?,
    };
    let whole =
        bytes.iter().rposition(|byte| *byte == b'\n').map_or(&b""[..], |end| bytes.get(..end).unwrap_or(b""));
    let notes = whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let form = |source| MarkError::Form { key: path.display().to_string(), source };
    notes.map(|line| serde_json::from_slice(line).map_err(form)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[tokio::test]
    async fn a_second_run_knows_what_was_fed_what_failed_and_what_nobody_knows() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::Beside(folder.path().join("rows.redriven.ndjson"));
        let mut first = Marks::load(&keeper, "rows", "1").await.unwrap();
        let step = first.begin("stream s", names(&["#1", "#2"]), None).await.unwrap();
        first.end(step, names(&["#2"])).await.unwrap();
        first.begin("stream s", names(&["#3"]), None).await.unwrap();
        let mut step = first.begin("function f", names(&["batch"]), None).await.unwrap();
        first.reach(&mut step, "495").await.unwrap();

        let second = Marks::load(&keeper, "rows", "2").await.unwrap();
        assert_eq!(second.state("#1"), Some(&State::Done));
        assert_eq!(second.state("#2"), None);
        assert_eq!(second.state("#3"), Some(&State::Unsure));
        assert_eq!(second.state("batch"), Some(&State::From("495".to_owned())));
        assert_eq!(second.state("#4"), None);
    }

    #[tokio::test]
    async fn half_a_line_at_the_end_is_no_note() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        let keeper = Keeper::Beside(path.clone());
        let mut marks = Marks::load(&keeper, "rows", "1").await.unwrap();
        let step = marks.begin("s", names(&["a"]), None).await.unwrap();
        marks.end(step, Vec::new()).await.unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], br#"{"version":1,"ru"#].concat()).unwrap();
        assert_eq!(Marks::load(&keeper, "rows", "2").await.unwrap().state("a"), Some(&State::Done));
    }
}
