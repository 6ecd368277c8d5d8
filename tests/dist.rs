//! A release: zips that Lambda accepts, a template that uses them, and a list of what is inside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has to fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const X86_64: u8 = 62;
const ARM64: u8 = 183;

/// A folder of binaries for an architecture, each with different content.
fn binaries(folder: &Path, machine: u8) {
    fs::create_dir_all(folder).unwrap();
    for name in ["producer", "consumer", "transform", "kinflow"] {
        let mut binary = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
        binary.extend([machine, 0]);
        binary.extend(name.bytes().cycle().take(5_000));
        fs::write(folder.join(name), binary).unwrap();
    }
}

fn dist(out: &Path, builds: &[String]) -> Output {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Command::new(python).current_dir(root).arg(".ci/dist.py").arg(out).args(builds).output().unwrap()
}

fn release(folder: &Path, name: &str) -> String {
    let out = folder.join(name);
    let builds = [("x86_64", X86_64), ("arm64", ARM64)].map(|(architecture, machine)| {
        let built = folder.join(architecture);
        binaries(&built, machine);
        format!("{architecture}={}", built.display())
    });
    let output = dist(&out, &builds);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(out.join("SHA256SUMS")).unwrap()
}

#[test]
fn a_release_is_the_same_again_and_its_template_takes_the_zips_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let sums = release(folder.path(), "one");
    assert_eq!(sums, release(folder.path(), "two"));
    let listed: BTreeSet<&str> = sums.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    for architecture in ["arm64", "x86_64"] {
        let of = folder.path().join("one").join(architecture);
        let topology = template::read(&of.join("template.yaml"), &BTreeMap::new()).unwrap();
        for function in &topology.functions {
            let zip = function.code_uri.clone().unwrap();
            let is_zip = Path::new(&zip).extension().is_some_and(|extension| extension == "zip");
            assert!(is_zip && of.join(&zip).is_file(), "{zip}");
            assert!(listed.contains(format!("{architecture}/{zip}").as_str()), "{zip}");
            let bytes = fs::read(of.join(&zip)).unwrap();
            assert!(bytes.starts_with(b"PK\x03\x04") && bytes[30..].starts_with(b"bootstrap"), "{zip}");
        }
        let template = fs::read_to_string(of.join("template.yaml")).unwrap();
        assert!(template.contains(&format!("Default: {architecture}\n")), "{architecture}");
    }
    assert!(listed.contains("kinflow-0.1.0-arm64-linux.tar.xz"), "{listed:?}");
}

#[test]
fn what_is_inside_is_listed_without_what_only_tests_use() {
    let folder = tempfile::tempdir().unwrap();
    release(folder.path(), "out");
    let listed = fs::read_to_string(folder.path().join("out/sbom.cdx.json")).unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (listed["bomFormat"].as_str(), listed["specVersion"].as_str()),
        (Some("CycloneDX"), Some("1.5"))
    );
    let components = listed["components"].as_array().unwrap();
    let names: BTreeSet<&str> =
        components.iter().map(|component| component["name"].as_str().unwrap()).collect();
    assert!(["serde", "tokio", "rustls", "record-model"].iter().all(|name| names.contains(name)));
    assert!(["proptest", "criterion", "test-support"].iter().all(|name| !names.contains(name)));
    for component in components {
        assert!(component["purl"].as_str().unwrap().starts_with("pkg:cargo/"), "{component}");
        assert!(component.get("licenses").is_some(), "{component}");
    }
}

#[test]
fn a_binary_of_another_architecture_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("built");
    binaries(&built, X86_64);
    let output = dist(&folder.path().join("out"), &[format!("arm64={}", built.display())]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("is for x86_64, expected arm64"), "{said}");
    fs::remove_file(built.join("consumer")).unwrap();
    let output = dist(&folder.path().join("new"), &[format!("x86_64={}", built.display())]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("consumer is not there"));
}
