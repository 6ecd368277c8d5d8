//! `kinflow completions` and `kinflow man`: what shells and `man` need to know about the command, from its
//! own `--help`.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

/// The shell for which completions are printed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kinflow completions bash > ~/.local/share/bash-completion/completions/kinflow
  kinflow completions zsh > \"${fpath[1]}/_kinflow\"
  kinflow completions fish > ~/.config/fish/completions/kinflow.fish")]
pub(crate) struct CompletionArguments {
    /// The shell's name
    shell: Shell,
}

/// The folder to which man pages are written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kinflow man ~/.local/share/man/man1 && man kinflow-tail")]
pub(crate) struct ManArguments {
    /// The folder
    folder: PathBuf,
}

/// Prints a shell's completions of the command.
pub(crate) fn run(
    arguments: &CompletionArguments,
    command: &mut Command,
) -> Result<ExitCode, Box<dyn Error>> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "kinflow", &mut script);
    match io::stdout().write_all(&script) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Writes a page for the command and one for each of its subcommands.
pub(crate) fn man(arguments: &ManArguments, command: Command) -> Result<ExitCode, Box<dyn Error>> {
    let folder = &arguments.folder;
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(command, Path::new(folder)).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}
