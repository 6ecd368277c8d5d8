//! Checks the architecture's invariants on the dependency graph, the sources and the template.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_path_buf()
}

/// The names of the crates that `package` links, including itself.
fn links(package: &str) -> Vec<String> {
    static KNOWN: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(package.to_owned()).or_insert_with(|| links_with(&["--package", package])).clone()
}

fn links_with(selection: &[&str]) -> Vec<String> {
    let tree = tree(selection, "{p}");
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// What cargo links for a selection of packages, a line each in this form.
fn tree(selection: &[&str], form: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .arg("tree")
        .args(selection)
        .args(["--edges", "normal", "--prefix", "none", "--format", form, "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("crate names are UTF-8")
}

/// Every Rust source of the workspace's own crates, by its path from the root.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["functions", "shared", "local", "template", "cli", "bench", "fuzz", "tests"] {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 20, "only {} sources found", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name =
                path.strip_prefix(root()).expect("it lies below the root").to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&path).expect("sources are UTF-8")));
        }
    }
}

/// The sources that contain one of `words` and are not permitted to.
fn offenders(words: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let holds = |source: &str| words.iter().any(|word| source.contains(word));
    sources()
        .into_iter()
        .filter(|(name, source)| holds(source) && !allowed(name))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn the_pure_crates_link_no_aws_lambda_or_async_crate() {
    for package in ["record-model", "text", "infer"] {
        let forbidden = ["aws", "lambda", "tokio", "hyper", "tracing"];
        let found: Vec<_> = links(package)
            .into_iter()
            .filter(|name| forbidden.iter().any(|word| name.starts_with(word)))
            .collect();
        assert!(found.is_empty(), "{package} links {found:?}");
    }
}

#[test]
fn the_pure_crates_touch_no_clock_file_environment_or_network() {
    let outside = [
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "TimeZone::system",
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
    ];
    let pure = ["shared/record-model/src/", "shared/text/src/", "shared/infer/src/"];
    let is_pure = |name: &str| pure.iter().any(|of| name.starts_with(of));
    let found = offenders(&outside, |name| !is_pure(name));
    assert!(found.is_empty(), "the world outside is touched in {found:?}");
    for folder in pure {
        assert!(sources().iter().any(|(name, _)| name.starts_with(folder)), "{folder} has sources");
    }
}

#[test]
fn no_function_links_another_and_the_runner_links_none() {
    let functions = ["producer", "consumer", "transform"];
    for package in functions.iter().chain(&["local"]) {
        let found: Vec<_> = links(package)
            .into_iter()
            .filter(|name| name != package && functions.contains(&name.as_str()))
            .collect();
        assert!(found.is_empty(), "{package} links {found:?}");
    }
}

#[test]
fn no_crate_links_aws_lc() {
    for package in ["producer", "consumer", "transform", "kinflow"] {
        let found: Vec<_> = links(package).into_iter().filter(|name| name.starts_with("aws-lc")).collect();
        assert!(found.is_empty(), "{package} links {found:?}");
    }
}

#[test]
fn no_crate_links_icu() {
    for package in ["producer", "consumer", "transform", "kinflow"] {
        let found: Vec<_> = links(package).into_iter().filter(|name| name.starts_with("icu_")).collect();
        assert!(
            found.is_empty(),
            "{package} links {found:?} for the names of hosts; `cargo update -p idna_adapter --precise 1.1.0` \
             has the smaller tables again"
        );
    }
}

#[test]
fn a_first_run_compiles_no_crate_twice_for_the_command_and_for_its_functions() {
    let features = |selection: &[&str]| {
        let tree = tree(selection, "{p} {f}");
        // A line of a crate that was listed before ends with this sign.
        tree.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect::<BTreeSet<_>>()
    };
    let command = features(&["--package", "kinflow"]);
    let packages = ["kinflow", "producer", "consumer", "transform"];
    let all = features(&packages.map(|package| ["--package", package]).concat());
    let twice: Vec<_> = command.difference(&all).collect();
    assert!(
        twice.is_empty(),
        "the functions ask for more features of these than the command does: {twice:?}"
    );
}

#[test]
fn the_only_client_of_the_sdk_in_a_function_is_that_of_kinesis() {
    let clients = |package: &str| {
        let names = links(package).into_iter();
        names.filter(|name| name.starts_with("aws-sdk-")).collect::<Vec<_>>()
    };
    assert_eq!(clients("producer"), ["aws-sdk-kinesis"]);
    assert_eq!(clients("transform"), ["aws-sdk-kinesis"]);
    assert!(clients("consumer").is_empty());
}

#[test]
fn no_function_links_what_finds_profiles() {
    for package in ["producer", "consumer", "transform", "local"] {
        assert!(!links(package).contains(&"aws-config".to_owned()), "{package}");
    }
    assert!(links("kinflow").contains(&"aws-config".to_owned()));
}

#[test]
fn sdk_types_are_named_in_one_room_a_service_in_edge() {
    let rooms_of_services =
        |name: &str| name.starts_with("shared/edge/src/aws/") || name == "tests/architecture.rs";
    let found = offenders(&["aws_sdk_", "aws_config::", "object_store::"], rooms_of_services);
    assert!(found.is_empty(), "the SDK is named in {found:?}");
}

#[test]
fn functions_read_the_environment_in_main_only() {
    let in_main = |name: &str| {
        let in_a_function = name.starts_with("functions/") && name.contains("/src/");
        !in_a_function || name.ends_with("/src/main.rs")
    };
    let found = offenders(&["env::var", "from_env"], in_main);
    assert!(found.is_empty(), "the environment is read in {found:?}");

    let in_settings = |name: &str| {
        let in_a_library = name.starts_with("shared/") && name.contains("/src/");
        !in_a_library || name == "shared/edge/src/settings.rs"
    };
    let found = offenders(&["env::var"], in_settings);
    assert!(found.is_empty(), "the environment is read in {found:?}");
}

/// Every file below a folder, by its path relative to the folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

#[test]
fn a_wire_format_changes_by_a_new_fixture_and_never_by_an_edited_one() {
    let folder = root().join("tests/fixtures");
    let sums = fs::read_to_string(folder.join("sums.txt")).unwrap();
    let mut found = String::new();
    for path in files_below(&folder).into_iter().filter(|path| !path.ends_with("sums.txt")) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&folder).unwrap().display();
        // The MD5 of the file, as `md5sum` prints it.
        found += &format!("{:032x}  {name}\n", record_model::keys::hash_key(&text));
    }
    assert_eq!(found, sums, "a new fixture adds a line to sums.txt; a line that is there never changes");
}

/// The most lines of a file, since a reader can't remember more. clippy.toml limits functions and their parameters.
const MAX_LINES: usize = 300;

#[test]
fn no_source_is_longer_than_a_reader_keeps_in_mind() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(name, source)| (source.lines().count(), name))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, name)| format!("{name} has {lines} lines, the limit is {MAX_LINES}: give it rooms"))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
