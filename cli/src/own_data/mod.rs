//! Files that have no schema yet: they are looked at, questions are asked, and they are run.

mod ask;
pub(crate) mod infer;
mod sample;
mod template;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use infer::Look;
use local::Input;
use record_model::Schema;

use crate::terminal;

pub(crate) use infer::InferArguments;
pub(crate) use sample::sizes;

/// How files are looked at.
#[derive(Debug, Clone, Args)]
pub(crate) struct LookArguments {
    /// How much of a file is looked at, in bytes after decompression
    #[arg(long, default_value_t = 2 << 20, value_name = "BYTES")]
    pub(crate) sample_bytes: u64,
    /// The zone of times that name none, such as Europe/Berlin; UTC by default
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
    /// Ask nothing, and choose the likelier reading where the file leaves it open
    #[arg(long)]
    pub(crate) yes: bool,
}

/// A pipeline for your own files: its template, and the files as inputs of their data sets.
pub(crate) struct OwnData {
    pub(crate) template: PathBuf,
    pub(crate) inputs: Vec<Input>,
}

/// Finds a schema for each file, and writes the template that runs the files. Both go to the data folder. A
/// schema that exists there is used unchanged, so that it can be edited, unless the run is a `fresh` one.
pub(crate) fn prepare(
    files: &[PathBuf],
    data_dir: &Path,
    look: &LookArguments,
    fresh: bool,
) -> Result<OwnData, Box<dyn Error>> {
    let folder = data_dir.join("schemas");
    let at = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(&folder).map_err(|error| at(&folder, error))?;
    let folder = folder.canonicalize().map_err(|error| at(&folder, error))?;
    let (mut sets, mut inputs) = (Vec::<template::DataSet>::new(), Vec::new());
    for file in files {
        let name = Look::name_of(file);
        let path = folder.join(format!("{name}.toml"));
        if !sets.iter().any(|set| set.name == name) {
            let schema = schema(file, &path, look, fresh)?;
            let has_text = schema.has_text();
            sets.push(template::DataSet { name: name.clone(), schema: path.display().to_string(), has_text });
        }
        inputs.push(Input { data_set: name, path: file.clone() });
    }
    let template = folder.join("template.yaml");
    fs::write(&template, template::text(&sets)).map_err(|error| at(&template, error))?;
    Ok(OwnData { template, inputs })
}

/// The schema of a file: the one that is stored at `path`, or else one that is inferred, shown and stored
/// there.
fn schema(file: &Path, path: &Path, look: &LookArguments, fresh: bool) -> Result<Schema, Box<dyn Error>> {
    if !fresh && path.is_file() {
        eprintln!(
            "schema: {} is used unchanged; --fresh infers it anew",
            terminal::line(&path.display().to_string())
        );
        let toml = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        return Schema::parse(&toml).map_err(|error| format!("{}: {error}", path.display()).into());
    }
    let found = Look::at(file, None, look)?;
    eprint!("{}", terminal::lines(&found.toml));
    found.tell();
    fs::write(path, &found.toml).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("schema: kept in {}, where it can be edited", terminal::line(&path.display().to_string()));
    Ok(found.schema)
}
