//! Finds kinflow's own sources: the functions, which are built, and the pipelines, which projects include.

use std::path::{Path, PathBuf};

/// The name of the link to kinflow's sources in a project.
pub(crate) const LINK: &str = "kinflow";
/// The folder in which this command was compiled.
const COMPILED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Finds the folder of kinflow's sources: `folder` itself, the link in it, or else the folder in which this command was
/// compiled.
pub(crate) fn find(folder: &Path) -> Option<PathBuf> {
    [folder.to_owned(), folder.join(LINK), PathBuf::from(COMPILED_IN)]
        .into_iter()
        .find(|folder| is_there(folder))
}

/// Whether a folder contains kinflow's sources.
pub(crate) fn is_there(folder: &Path) -> bool {
    folder.join("functions/producer/Cargo.toml").is_file() && folder.join("pipelines/typed.yaml").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_found_in_the_folder_by_its_link_or_where_the_command_was_compiled() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find(folder.path()), Some(PathBuf::from(COMPILED_IN)));
        std::os::unix::fs::symlink(COMPILED_IN, folder.path().join(LINK)).unwrap();
        assert_eq!(find(folder.path()), Some(folder.path().join(LINK)));
        assert_eq!(find(Path::new(COMPILED_IN)), Some(PathBuf::from(COMPILED_IN)));
    }
}
