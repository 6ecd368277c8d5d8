//! `kinflow check`: finds what in a template loses records, fails when it is deployed, or permits too much.

mod against;
mod finding;
mod mend;
mod output;
mod policy;
mod rule;
mod rules;
mod sarif;
mod stack;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use template::TemplateError;

use self::finding::{Finding, Places};
use self::rule::Severity;
use self::stack::Stack;
use crate::run::parameter;

/// What to check, and how.
#[derive(Debug, Args)]
#[command(after_long_help = "\
A part of the template that has a condition is checked only where the condition holds; --parameter sets what it depends on.

Examples:
  kinflow check
  kinflow check template.yaml --parameter RetentionHours=24 --output sarif > check.sarif
  kinflow check template.yaml --against deployed.yaml

Exit codes: 0, no error was found; 1, there are errors; 2, the template can't be read.")]
pub(crate) struct Arguments {
    /// The SAM or `CloudFormation` template; applications in other files that it includes are checked with it
    #[arg(default_value = "template.yaml")]
    template: PathBuf,
    /// The template that is deployed now. What an update from it to this one would replace or delete, and what AWS
    /// would refuse, is reported too
    #[arg(long, value_name = "TEMPLATE")]
    against: Option<PathBuf>,
    /// A parameter of the template
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// Write the safe corrections into the template: policies that keep streams, buckets and bucket policies,
    /// `OmitName` of schedules, and `BisectBatchOnFunctionError`
    #[arg(long)]
    fix: bool,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Text,
    Json,
    Sarif,
}

/// What was found in a template.
#[derive(Debug, Default)]
struct Checked {
    findings: Vec<Finding>,
    /// What could not be checked, with one line for each.
    unread: Vec<String>,
}

/// Checks the template, corrects it if `--fix` is given, and prints what is left.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut checked = arguments.check()?;
    if arguments.fix && mend::mend(&checked.findings, || arguments.check().map(drop))? > 0 {
        checked = arguments.check()?;
    }
    let text = match arguments.output {
        Output::Text => output::text(&checked, &arguments.template),
        Output::Json => output::json(&checked)?,
        Output::Sarif => sarif::sarif(&checked)?,
    };
    output::print(&text)?;
    let has_errors = checked.findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if has_errors { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Arguments {
    fn check(&self) -> Result<Checked, Box<dyn Error>> {
        let parameters: BTreeMap<String, String> = self.parameters.iter().cloned().collect();
        let stack = match template::examine(&self.template, &parameters) {
            Ok(examined) => Stack(examined),
            Err(TemplateError::Invalid { place, problem }) => {
                let mut places = Places::of(&self.template, BTreeMap::new());
                let findings = vec![finding::refused(&mut places, &place, &problem)];
                return Ok(Checked { findings, unread: Vec::new() });
            }
            Err(error) => return Err(error.into()),
        };
        let mut places = Places::of(&self.template, stack.0.files.clone());
        let mut findings = Vec::new();
        for rule in rules::all() {
            let found = (rule.find)(&stack).into_iter();
            findings.extend(found.map(|found| Finding::of(rule, found, &mut places)));
        }
        if let Some(deployed) = &self.against {
            let before = Stack(template::examine(deployed, &parameters)?);
            findings.extend(against::findings(&before, &stack, &mut places));
        }
        findings.sort_by(|one, other| {
            (one.severity, &one.file, one.line).cmp(&(other.severity, &other.file, other.line))
        });
        Ok(Checked { findings, unread: stack.0.unread })
    }
}
