//! `kinflow run`: runs the pipeline of a template on this machine.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use edge::aws::TrustedRoots;
use edge::opensearch::OpenSearch;
use edge::settings::Settings;
use local::{Input, PageOptions, Progress, Report, RunOptions};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::browser;
use crate::functions::{self, Profile};
use crate::output::Output;
use crate::own_data::{self, LookArguments, OwnData};
use crate::progress::{Drain, Screen};
use crate::{report_page, table, terminal, workspace};

/// What to run, with which records, and where to write.
#[derive(Debug, Args)]
#[command(after_long_help = table::LEGEND)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub(crate) struct Arguments {
    /// Files of your own, each read to its end: CSV with any delimiter, JSON lines or a JSON array,
    /// uncompressed or with gzip or zstd. Each gets a stream and a schema, which is kept in the data folder
    #[arg(value_name = "DATA", conflicts_with_all = ["inputs", "template"])]
    files: Vec<PathBuf>,
    #[command(flatten)]
    look: LookArguments,
    /// The SAM template
    #[arg(long, default_value = "template.yaml", value_name = "FILE")]
    template: PathBuf,
    /// The folder to which everything is written: objects, logs and state
    #[arg(long, default_value = ".kinflow", value_name = "FOLDER")]
    data_dir: PathBuf,
    /// A file with records of one data set, CSV by its ending or else JSON lines; may be given for several
    /// data sets
    #[arg(long = "input", value_name = "DATA_SET=FILE", value_parser = input)]
    inputs: Vec<Input>,
    /// Run until Ctrl-C, also where the template names inputs for a run that is given none
    #[arg(long, conflicts_with_all = ["files", "inputs"])]
    listen: bool,
    /// Put aside what earlier runs left in the folder, and begin anew
    #[arg(long)]
    fresh: bool,
    /// End once every input was read to its end and every record is delivered
    #[arg(long, requires = "inputs")]
    drain: bool,
    /// End a drain in which no records were taken for this many seconds, and report what is not delivered
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    drain_timeout: u64,
    /// The value of a parameter of the template
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// The folder with the functions' binaries; without it they are built if necessary
    #[arg(long, value_name = "FOLDER")]
    functions: Option<PathBuf>,
    /// Build the functions as they are deployed, for measurements; without it they are built like the command
    /// itself
    #[arg(long, conflicts_with = "functions")]
    release: bool,
    /// The target folder of cargo
    #[arg(long, env = "CARGO_TARGET_DIR", value_name = "FOLDER", hide = true)]
    target_dir: Option<PathBuf>,
    /// Port of the Kinesis endpoint on 127.0.0.1; 0 means any free one
    #[arg(long, default_value_t = 4567, value_name = "PORT")]
    kinesis_port: u16,
    /// Port of the S3 endpoint on 127.0.0.1; 0 means any free one
    #[arg(long, default_value_t = 4568, value_name = "PORT")]
    s3_port: u16,
    /// Port of the page on 127.0.0.1; 0 takes any free one. Without it 4569, or any free one where that is taken
    #[arg(long, value_name = "PORT")]
    page_port: Option<u16>,
    /// Do not open the page in a browser. It is opened on a terminal only, and not of a run that ends by itself
    #[arg(long)]
    no_open: bool,
    /// Serve the page's files from this folder, for whoever works on them
    #[arg(long, value_name = "FOLDER", hide = true)]
    page_assets: Option<PathBuf>,
    /// Hold each shard to 1,000 records and 1 MiB a second, as AWS does, and refuse what is beyond
    #[arg(long)]
    throttle: bool,
    /// Answer web pages of this origin, such as <http://localhost:5173>; all others are refused
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    allowed_origins: Vec<String>,
    /// Show the page of the run, `report.html` in the data folder, in the browser
    #[arg(long)]
    open: bool,
    /// Deliver to this server of OpenSearch too, as Firehose does, such as <http://127.0.0.1:9200>; its index template is
    /// put there by `kinflow schema NAME --as opensearch --apply URL` before
    #[arg(long, value_name = "URL", value_parser = opensearch)]
    opensearch: Option<OpenSearch>,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl Arguments {
    /// Takes the files that the template names for a run that is given none, such as a project's samples.
    fn take_inputs_of_template(&mut self) -> Result<(), Box<dyn Error>> {
        let named = template::inputs(&self.template)?;
        if let Some((data_set, file)) = named.first() {
            let (file, more) = (file.display().to_string(), named.len() - 1);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            eprintln!(
                "running the inputs that the template names, {data_set}={}{more}; --listen runs without an end",
                terminal::line(&file)
            );
            self.drain = true;
        }
        self.inputs.extend(named.into_iter().map(|(data_set, path)| Input { data_set, path }));
        Ok(())
    }
}

/// Runs to the end of the sources, or until Ctrl-C, and prints the report.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let (output, data_dir, is_shown) = (arguments.output, arguments.data_dir.clone(), arguments.open);
    let no_open = arguments.no_open;
    let options = arguments.options()?;
    let opens = !no_open && !options.drain && browser::is_at_hand();
    let screen = Screen::new(Drain { by_itself: options.drain, timeout: options.drain_timeout });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let signals = Signals::listen()?;
        let told = |progress| {
            screen.show(&progress);
            if let (true, Progress::Ready { page_url: Some(url), .. }) = (opens, &progress) {
                browser::open(url);
            }
        };
        tokio::select! {
            report = local::run(options, told, signals.first(), signals.second()) => report.map_err(Box::<dyn Error>::from),
            never = screen.keep_up() => match never {},
        }
    })?;
    // This does not wait for function processes and blocking reads of a run that was ended.
    runtime.shutdown_background();
    screen.clear();
    let page = page(&report, &data_dir);
    print(&report, output, &data_dir, page.as_deref())?;
    if let Some(page) = page.filter(|_| is_shown) {
        report_page::open(&page).unwrap_or_else(|error| warn(&*error));
    }
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Arguments {
    fn options(mut self) -> Result<RunOptions, Box<dyn Error>> {
        // Files are looked at before anything is built, so that a file that is not a table is reported at
        // once.
        let is_own = !self.files.is_empty();
        if is_own {
            let own = own_data::prepare(&self.files, &self.data_dir, &self.look, self.fresh)?;
            OwnData { template: self.template, inputs: self.inputs } = own;
            self.drain = true;
        }
        if !is_own && self.inputs.is_empty() && !self.listen {
            self.take_inputs_of_template()?;
        }
        let binaries = if let Some(folder) = self.functions {
            folder
        } else {
            let profile = if self.release { Profile::Release } else { Profile::Dev };
            let near = if is_own { Path::new(".") } else { folder_of(&self.template) };
            let workspace = workspace::find(near).unwrap_or_else(|| near.to_owned());
            functions::built(&workspace, self.target_dir.as_deref(), profile)?
        };
        Ok(RunOptions {
            template: self.template,
            data_dir: self.data_dir,
            binaries,
            inputs: self.inputs,
            fresh: self.fresh,
            drain: self.drain,
            drain_timeout: Duration::from_secs(self.drain_timeout),
            parameters: self.parameters.into_iter().collect(),
            kinesis_port: self.kinesis_port,
            s3_port: self.s3_port,
            throttle: self.throttle,
            opensearch: self.opensearch,
            allowed_origins: self.allowed_origins,
            page: Some(PageOptions { port: self.page_port, assets: self.page_assets }),
        })
    }
}

/// The folder of the template.
fn folder_of(template: &Path) -> &Path {
    template.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Counts Ctrl-C, SIGTERM and SIGHUP. The first one drains the run, and the second ends it at once.
struct Signals(watch::Receiver<u32>);

impl Signals {
    fn listen() -> io::Result<Self> {
        let (count, counted) = watch::channel(0);
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let (mut signals, count) = (signal(kind)?, count.clone());
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    count.send_modify(|count| *count += 1);
                }
            });
        }
        Ok(Self(counted))
    }

    async fn first(&self) {
        self.come(1).await;
    }

    async fn second(&self) {
        self.come(2).await;
    }

    async fn come(&self, times: u32) {
        if self.0.clone().wait_for(|count| *count >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Writes the page of the run; one that can't be written is told, and costs nothing else.
fn page(report: &Report, data_dir: &Path) -> Option<PathBuf> {
    report_page::write(report, data_dir).map_err(|error| warn(&*error)).ok()
}

fn warn(error: &dyn Error) {
    eprintln!("warning: {}", terminal::line(&error.to_string()));
}

fn print(
    report: &Report,
    output: Output,
    data_dir: &Path,
    page: Option<&Path>,
) -> Result<(), Box<dyn Error>> {
    match output {
        Output::Text => {
            writeln!(io::stdout(), "{}", terminal::lines(&table::report(report, data_dir, page)))?;
        }
        Output::Json => terminal::write_json_line(&serde_json::to_vec(report)?, &mut io::stdout())?,
    }
    Ok(())
}

/// A client of the server, which is asked for nothing yet.
pub(crate) fn opensearch(url: &str) -> Result<OpenSearch, String> {
    let mut settings = Settings::from_env();
    let roots = TrustedRoots::read(&mut settings);
    settings.finish().map_err(|error| error.to_string())?;
    OpenSearch::new(url, &roots).map_err(|error| error.to_string())
}

fn input(text: &str) -> Result<Input, String> {
    let (data_set, path) = pair(text, "DATA_SET=FILE")?;
    Ok(Input { data_set, path: PathBuf::from(path) })
}

pub(crate) fn parameter(text: &str) -> Result<(String, String), String> {
    pair(text, "NAME=VALUE")
}

fn pair(text: &str, expected: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("found {text:?}, expected {expected}")),
    }
}
