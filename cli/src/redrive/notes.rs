//! The notes of a bucket, folder by folder, for code that goes through its failures in order.

use std::path::Path;

use super::marks::{Keeper, MarkError, Marks, State};
use crate::place::NOTES;

/// The notes of a bucket or a file. Those of one folder at a time are in memory.
pub(crate) struct Notes {
    keeper: Keeper,
    run: String,
    open: Option<(String, Marks)>,
}

impl Notes {
    /// Notes for a redrive, or for reading what earlier redrives did.
    pub(crate) fn new(keeper: Keeper) -> Self {
        Self { keeper, run: name_of_run(), open: None }
    }

    /// The notes that are kept beside a file with records.
    pub(crate) fn beside(file: &Path) -> Self {
        let mut path = file.to_owned().into_os_string();
        path.push(NOTES);
        Self::new(Keeper::Beside(path.into()))
    }

    /// Whether the notes of the folder with this object are in memory.
    pub(super) fn is_open_at(&self, place: &str) -> bool {
        self.open.as_ref().is_some_and(|(folder, _)| folder == folder_of(place))
    }

    /// Reads the notes of the folder with this object.
    pub(crate) async fn open_at(&mut self, place: &str) -> Result<(), MarkError> {
        if !self.is_open_at(place) {
            let folder = folder_of(place).to_owned();
            let marks = Marks::load(&self.keeper, &folder, &self.run).await?;
            self.open = Some((folder, marks));
        }
        Ok(())
    }

    /// What is known of a record in the open folder, or `None` if it was never fed again.
    pub(crate) fn state(&self, name: &str) -> Option<&State> {
        self.open.as_ref()?.1.state(name)
    }

    /// The notes of the folder that was opened.
    pub(super) fn marks(&mut self) -> Option<&mut Marks> {
        self.open.as_mut().map(|(_, marks)| marks)
    }
}

fn folder_of(place: &str) -> &str {
    place.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name of this redrive, which sorts after the names of earlier ones.
fn name_of_run() -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S").to_string();
    let id = std::process::id();
    format!("{now}x{id:08x}")
}
