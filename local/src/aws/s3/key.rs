//! Where a key's bytes are on disk: which keys can be plain files, and the file names of those that can't.

use std::fmt::Write;
use std::path::PathBuf;

use s3s::crypto::{Checksum, Sha256};
use s3s::path::check_bucket_name;

/// The longest file name of the file systems in use, in bytes.
const MAX_FILE_NAME_BYTES: usize = 255;

/// The path of a key below its bucket's folder, if every component of the key can be a file name. It never
/// leads outside.
pub(super) fn plain_path(key: &str) -> Option<PathBuf> {
    key.split('/').all(is_file_name).then(|| key.split('/').collect())
}

fn is_file_name(component: &str) -> bool {
    !matches!(component, "" | "." | "..")
        && component.len() <= MAX_FILE_NAME_BYTES
        && !component.contains(['\0', '\\'])
}

/// Whether a name is a valid bucket name of S3, and therefore not one of the endpoint's own file names.
pub(super) fn is_bucket_name(name: &str) -> bool {
    check_bucket_name(name)
}

/// A file name for any key: its SHA-256 in hexadecimal, which is always the same and differs between keys.
pub(super) fn digest(key: &str) -> String {
    hex(&Sha256::checksum(key.as_bytes()))
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap_or_default();
        out
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ordinary_key_is_a_path_below_its_bucket() {
        let path = plain_path("enriched/crime/dt=2006-01-31/hour=07/a+b~c %.ndjson.gz").unwrap();
        assert_eq!(path, Path::new("enriched/crime/dt=2006-01-31/hour=07/a+b~c %.ndjson.gz"));
    }

    #[test]
    fn a_key_that_could_leave_its_bucket_or_be_no_file_is_not_plain() {
        for key in ["../other/x", "a/../../x", "a//b", "/a", "a/", "", ".", "a/./b", "a\0b", "..\\x"] {
            assert_eq!(plain_path(key), None, "{key:?}");
        }
        assert_eq!(plain_path(&"a".repeat(256)), None);
        assert!(plain_path(&"a".repeat(255)).is_some());
    }

    proptest! {
        #[test]
        fn a_plain_path_is_its_key_and_goes_only_down(key in "[a./\\\\é \0]{0,12}") {
            if let Some(path) = plain_path(&key) {
                prop_assert_eq!(path.to_str(), Some(key.as_str()));
                prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
            }
        }
    }
}
