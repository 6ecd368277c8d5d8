//! Saves records in a file of JSON lines, which `kinflow put` and `kinflow run --input` accept.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use edge::read_stream::Row;
use record_model::{Schema, object_on_one_line};

/// A file in the making.
pub(super) struct Saved {
    path: String,
    out: BufWriter<File>,
    /// Whether the data set travels as rows, so that the typed documents are saved.
    takes_documents: bool,
}

impl Saved {
    /// Creates a new file. An existing file is left unchanged.
    pub(super) fn create(path: &Path, schema: Option<&Schema>) -> Result<Self, Box<dyn Error>> {
        let name = path.display().to_string();
        let file = File::create_new(path).map_err(|error| {
            format!("{name} can't be created: {error}; --save needs the name of a new file")
        })?;
        let takes_documents = schema.is_some_and(|schema| !schema.is_json());
        Ok(Self { path: name, out: BufWriter::new(file), takes_documents })
    }

    /// Writes one record.
    pub(super) fn write(&mut self, row: &Row<'_>) -> Result<(), Box<dyn Error>> {
        let object = if self.takes_documents { row.data() } else { row.payload };
        let one_line = object_on_one_line(object).map_err(|_| {
            let Row { shard, number, .. } = row;
            format!(
                "{}: {shard} {number} is not a JSON object, so it can be saved only with --schema",
                self.path
            )
        })?;
        let object = one_line.as_deref().unwrap_or(object).trim_ascii();
        self.out.write_all(object)?;
        Ok(self.out.write_all(b"\n")?)
    }

    /// Makes sure that everything so far is in the file.
    pub(super) fn flush(&mut self) -> Result<(), Box<dyn Error>> {
        self.out.flush().map_err(|error| format!("{} can't be written: {error}", self.path).into())
    }
}
