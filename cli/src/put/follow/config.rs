//! Reads which files are followed to which streams from a TOML file.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use edge::aws::AwsSettings;
use edge::put_records::{Compression, KeyRule, Packing};
use edge::schema_source::load_schema;
use edge::sources::Format;
use record_model::Schema;
use regex_lite::Regex;
use serde::Deserialize;

use super::log_lines::LogForm;

/// The largest configuration that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    /// The folder in which places are kept. The default is the configuration's path with the extension `state`.
    state: Option<PathBuf>,
    #[serde(default, rename = "flow")]
    flows: Vec<FlowSource>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
struct FlowSource {
    files: PathBuf,
    stream: String,
    schema: String,
    format: Option<Format>,
    pattern: Option<String>,
    record_start: Option<String>,
    #[serde(default = "one_second")]
    record_wait_ms: u64,
    #[serde(default)]
    from: From,
    #[serde(default)]
    key: KeyRule,
    #[serde(default)]
    compression: Compression,
    #[serde(default)]
    aggregate: bool,
    #[serde(default)]
    chunks: bool,
    #[serde(default)]
    order_per_key: bool,
    #[serde(default)]
    line_ends: bool,
    #[serde(default)]
    keep_shard_limits: bool,
}

/// Where reading begins in a file that was not read yet when following began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum From {
    /// At its first byte, so that nothing is lost.
    #[default]
    Start,
    /// At its end, for files that exist at the first start.
    End,
}

fn one_second() -> u64 {
    1_000
}

/// The configuration.
pub(super) struct Config {
    pub(super) state: PathBuf,
    pub(super) flows: Vec<Flow>,
}

/// Files of one folder that go to one stream.
pub(super) struct Flow {
    /// Identifies the flow in every run: its stream, and its files as the configuration names them.
    pub(super) id: String,
    /// The folder of the files.
    pub(super) folder: PathBuf,
    /// The pattern of their names, in which `*` is any text and `?` any character.
    pub(super) names: String,
    pub(super) stream: String,
    pub(super) schema: Schema,
    pub(super) form: Form,
    pub(super) from: From,
    pub(super) packing: Packing,
    pub(super) keep_shard_limits: bool,
}

/// How a file's records are read.
#[derive(Clone)]
pub(super) enum Form {
    /// As in any file.
    File(Format),
    /// From the lines of a log.
    Log(LogForm),
}

impl Form {
    /// How long the last record of a file may wait for its end before it is complete.
    pub(super) fn wait(&self) -> Duration {
        match self {
            Self::File(_) => Duration::ZERO,
            Self::Log(form) => form.wait(),
        }
    }
}

impl Config {
    /// Reads a configuration. Paths in it are relative to its folder.
    pub(super) async fn read(path: &Path, aws: &AwsSettings) -> Result<Self, Box<dyn Error>> {
        let shown = path.display();
        let at = |problem: &dyn std::fmt::Display| format!("{shown}: {problem}");
        let bytes = fs::metadata(path).map_err(|error| at(&error))?.len();
        if bytes > MAX_BYTES {
            return Err(at(&format!("is {bytes} bytes, expected at most {MAX_BYTES}")).into());
        }
        let text = fs::read_to_string(path).map_err(|error| at(&error))?;
        let source: Source = toml::from_str(&text).map_err(|error| at(&error.to_string().trim()))?;
        if source.flows.is_empty() {
            return Err(
                at(&"names no files to follow, expected [[flow]] with files, stream and schema").into()
            );
        }
        let home = path.parent().unwrap_or(Path::new(""));
        let state = source.state.map_or_else(|| path.with_extension("state"), |state| home.join(state));
        let mut flows = Vec::new();
        for flow in source.flows {
            let name = flow.files.display().to_string();
            let flow = Flow::of(flow, home, aws).await;
            flows.push(flow.map_err(|error| at(&format!("flow of {name}: {error}")))?);
        }
        Ok(Self { state, flows })
    }
}

impl Flow {
    async fn of(source: FlowSource, home: &Path, aws: &AwsSettings) -> Result<Self, Box<dyn Error>> {
        let files = home.join(&source.files);
        let names = files.file_name().ok_or("files names no file, expected such as logs/*.log")?;
        let names = names.to_string_lossy().into_owned();
        let folder = files.parent().unwrap_or(Path::new("")).to_owned();
        if folder.to_string_lossy().contains(['*', '?']) {
            return Err("files has a * in its folder, expected in the file's name alone".into());
        }
        let beside = home.join(&source.schema);
        let name = if beside.is_file() { beside.display().to_string() } else { source.schema.clone() };
        let schema = load_schema(&name, aws).await?;
        if schema.file().encoding.is_some_and(|encoding| encoding != "utf-8") {
            return Err(
                "the schema's [file] has an encoding, expected none: places in other texts are no bytes"
                    .into(),
            );
        }
        let wait = Duration::from_millis(source.record_wait_ms);
        let regex = |text: &str| Regex::new(text).map_err(|error| format!("{text:?} is no pattern: {error}"));
        let begin = source.record_start.as_deref().map(regex).transpose()?;
        let form = match (source.pattern.as_deref().map(regex).transpose()?, source.format) {
            (None, Some(format)) if begin.is_none() => Form::File(format),
            (None, None) if begin.is_none() && (schema.is_json() || schema.file().format.is_some()) => {
                Form::File(Format::JsonLines)
            }
            (pattern, None) => Form::Log(LogForm::new(pattern, begin, wait, &schema)?),
            (_, Some(_)) => {
                return Err("format is of files, expected none beside pattern and record_start".into());
            }
        };
        let packing = Packing {
            key: source.key,
            compression: source.compression,
            aggregate: source.aggregate,
            chunks: source.chunks,
            order_per_key: source.order_per_key,
            line_ends: source.line_ends,
        };
        let id = format!("{} {}", source.stream, source.files.display());
        let (stream, from, keep_shard_limits) = (source.stream, source.from, source.keep_shard_limits);
        Ok(Self { id, folder, names, stream, schema, form, from, packing, keep_shard_limits })
    }

    /// Whether the file at this path belongs to the flow.
    pub(super) fn has_path(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.has(&name.to_string_lossy()))
    }

    /// Whether a file of this name belongs to the flow. Compressed files of a rotation don't, since they were read
    /// before.
    fn has(&self, name: &str) -> bool {
        let packed = [".gz", ".zst", ".bz2", ".xz"].iter().any(|ending| name.ends_with(ending));
        (!packed || self.names == name) && is_like(self.names.as_bytes(), name.as_bytes())
    }
}

/// Whether a name matches a pattern with `*` and `?`. It takes at most as many steps as the product of their lengths.
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut of, mut star) = (0, 0, None);
    while at < name.len() {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(sign) if *sign == b'?' || name.get(at) == Some(sign) => (at, of) = (at + 1, of + 1),
            _ => match star {
                Some((star_of, star_at)) => {
                    star = Some((star_of, star_at + 1));
                    (of, at) = (star_of + 1, star_at + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(of..).unwrap_or_default().iter().all(|sign| *sign == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        for (pattern, name, is) in [
            ("app.log", "app.log", true),
            ("app.log*", "app.log.1", true),
            ("*.log", "a.b.log", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("app-?.log", "app-1.log", true),
            ("app-?.log", "app-12.log", false),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!(is_like(pattern.as_bytes(), name.as_bytes()), is, "{pattern} {name}");
        }
    }

    #[tokio::test]
    async fn what_a_configuration_gets_wrong_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("follow.toml");
        let refused = async |text: &str| {
            fs::write(&path, text).unwrap();
            Config::read(&path, &AwsSettings::default()).await.err().unwrap().to_string()
        };
        assert!(refused("").await.ends_with("expected [[flow]] with files, stream and schema"));
        let flow = "[[flow]]\nfiles = \"*.log\"\nstream = \"s\"\nschema = \"users\"\n";
        assert!(refused(&format!("{flow}strem = 1\n")).await.contains("unknown field `strem`"));
        assert!(refused(&format!("{flow}pattern = \"(\"\n")).await.contains("\"(\" is no pattern"));
        assert!(refused(&flow.replace("*.log", "*/a.log")).await.contains("has a * in its folder"));
        assert!(
            refused(&format!("{flow}pattern = \"x\"\nformat = \"csv\"\n"))
                .await
                .contains("format is of files")
        );
        fs::write(&path, flow).unwrap();
        let config = Config::read(&path, &AwsSettings::default()).await.unwrap();
        assert_eq!(config.state, folder.path().join("follow.state"));
        assert!(config.flows[0].has("a.log") && !config.flows[0].has("a.log.gz"));
    }
}
