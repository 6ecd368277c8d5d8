//! `kinflow init` and `kinflow add`: make a project for your own data sets, and add a data set to one.

mod edit;
mod sample;
mod text;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::own_data::LookArguments;
use crate::own_data::infer::Look;
use crate::{terminal, workspace};
use edit::NewDataSet;

/// The largest sample that is copied into the project, in bytes. A larger one is used where it is.
const MAX_COPIED_BYTES: u64 = 10 << 20;
/// The template of a project.
const TEMPLATE: &str = "template.yaml";

/// Makes a project of data sets: schemas, a template, what SAM and git need to know, and a README.
///
/// `kinflow run` runs it at once, in its folder; `sam build` and `sam deploy` deploy it.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The project's folder, which is made
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// A file of the first data set: CSV of any delimiter, JSON lines or a JSON array. Without it, a small one is made
    /// up
    #[arg(long, value_name = "FILE")]
    sample: Option<PathBuf>,
    /// The data set's name; by default it is made from the file's name
    #[arg(long, value_name = "NAME")]
    data_set: Option<String>,
    /// kinflow's own folder, with its functions and pipelines; by default this one, or where the command was compiled
    #[arg(long, value_name = "FOLDER")]
    kinflow: Option<PathBuf>,
    #[command(flatten)]
    look: LookArguments,
}

/// Adds a data set to a project: its schema, its sample, and its blocks in the template.
#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// A file of the data set: CSV of any delimiter, JSON lines or a JSON array, gzip, zstd or neither
    file: PathBuf,
    /// The data set's name; by default it is made from the file's name
    #[arg(long)]
    name: Option<String>,
    /// The project's template
    #[arg(long, default_value = TEMPLATE, value_name = "FILE")]
    template: PathBuf,
    #[command(flatten)]
    look: LookArguments,
}

/// Runs `kinflow init`. It writes nothing if the sample is no table.
pub(crate) fn init(arguments: &InitArguments) -> Result<(), Box<dyn Error>> {
    let folder = &arguments.folder;
    let name = folder.file_name().ok_or_else(|| format!("{} names no folder", folder.display()))?;
    let name = name.to_string_lossy().into_owned();
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(format!(
            "{} is there already; `kinflow add` adds a data set to a project",
            folder.display()
        )
        .into());
    }
    let kinflow = sources(arguments.kinflow.as_deref())?;
    let file = match &arguments.sample {
        Some(file) => file.clone(),
        None => made_up(folder, &name)?,
    };
    let found = look(&file, arguments.data_set.as_deref(), &arguments.look)?;
    let place = edit::Place::project();
    let set = NewDataSet::of(&found, place.samples, &file)?;
    let template = edit::with(&text::template(&name), &set, &place)?;
    write(folder, "README.md", &text::readme(&name, &set))?;
    write(folder, "samconfig.toml", &text::samconfig(&name))?;
    write(folder, ".gitignore", text::GITIGNORE)?;
    let link = folder.join(workspace::LINK);
    std::os::unix::fs::symlink(kinflow, &link).map_err(|error| at(&link, &error))?;
    keep(folder, &found, &set, &file)?;
    settle(&folder.join(TEMPLATE), &template)?;
    say(&format!("project: {} with data set {}", folder.display(), set.name))?;
    say(&format!("run it:  cd {} && kinflow run", folder.display()))
}

/// Runs `kinflow add`.
pub(crate) fn add(arguments: &AddArguments) -> Result<(), Box<dyn Error>> {
    let path = &arguments.template;
    let template = fs::read_to_string(path).map_err(|error| at(path, &error))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place = edit::Place::beside(folder, &template)?;
    let found = look(&arguments.file, arguments.name.as_deref(), &arguments.look)?;
    let set = NewDataSet::of(&found, place.samples, &arguments.file)?;
    let schema = folder.join("schemas").join(format!("{}.toml", set.name));
    if schema.exists() {
        let schema = schema.display();
        return Err(format!(
            "{schema} is there already: the project has this data set, or --name gives another name"
        )
        .into());
    }
    let template = edit::with(&template, &set, &place)?;
    keep(folder, &found, &set, &arguments.file)?;
    settle(path, &template)?;
    say(&format!("schema:   {}", schema.display()))?;
    say(&format!("template: {} has data set {}", path.display(), set.name))?;
    let sample = folder.join(&set.sample);
    say(&format!(
        "run it:   kinflow run --template {} --drain --input {}={}",
        path.display(),
        set.name,
        sample.display()
    ))
}

/// Finds kinflow's sources, and returns their absolute path.
fn sources(given: Option<&Path>) -> Result<PathBuf, Box<dyn Error>> {
    let found = match given {
        Some(folder) if !workspace::is_there(folder) => None,
        Some(folder) => Some(folder.to_owned()),
        None => workspace::find(Path::new(".")),
    };
    let found = found
        .ok_or("kinflow's functions and pipelines can't be found; name kinflow's folder with --kinflow")?;
    Ok(found.canonicalize().map_err(|error| at(&found, &error))?)
}

/// Writes a file of made-up rows into a project's samples, and returns its path.
fn made_up(folder: &Path, name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let file = format!("samples/{}.csv", ::infer::data_set_name(name));
    write(folder, &file, &sample::rows())?;
    Ok(folder.join(file))
}

/// Infers a file's schema, and reports how well it fits.
fn look(file: &Path, name: Option<&str>, arguments: &LookArguments) -> Result<Look, Box<dyn Error>> {
    let found = Look::at(file, name.map(str::to_owned), arguments)?;
    found.tell();
    Ok(found)
}

/// Writes the schema and the sample into the project.
fn keep(folder: &Path, found: &Look, set: &NewDataSet, file: &Path) -> Result<(), Box<dyn Error>> {
    write(folder, &format!("schemas/{}.toml", set.name), &found.toml)?;
    let sample = folder.join(&set.sample);
    if set.is_copied && sample != *file {
        let samples = sample.parent().unwrap_or(folder);
        fs::create_dir_all(samples).map_err(|error| at(samples, &error))?;
        fs::copy(file, &sample).map_err(|error| at(&sample, &error))?;
    }
    Ok(())
}

/// Replaces a template with a new one if the new one can be read, and leaves it unchanged otherwise.
fn settle(path: &Path, template: &str) -> Result<(), Box<dyn Error>> {
    let part = path.with_extension("yaml.part");
    fs::write(&part, template).map_err(|error| at(&part, &error))?;
    if let Err(error) = ::template::read(&part, &BTreeMap::new()) {
        fs::remove_file(&part).map_err(|error| at(&part, &error))?;
        return Err(format!(
            "{} can't be written, since the new template would be invalid: {error}",
            path.display()
        )
        .into());
    }
    fs::rename(&part, path).map_err(|error| at(path, &error).into())
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).map_err(|error| at(&path, &error).into())
}

fn at(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

fn say(line: &str) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(io::stdout(), "{}", terminal::line(line))?)
}
