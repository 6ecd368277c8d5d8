//! The place of a template: the folder of its file, and the applications around it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::stop::{Read, Stop};

/// The deepest nesting of applications, so that a template that includes itself ends.
const DEEPEST: usize = 8;
/// The most templates of a run.
const MOST: usize = 200;

/// The place of one template among those of a run. The default is a single template in the present folder.
#[derive(Debug, Clone, Default)]
pub(super) struct Home {
    /// The folder of the first template, on this machine.
    root: PathBuf,
    /// The folder of this template, relative to that of the first.
    folder: String,
    /// The logical ids of the applications around it, the outermost first.
    path: Vec<String>,
    /// How many templates were opened in this run.
    opened: Rc<Cell<usize>>,
}

impl Home {
    /// The home of the first template, which is in this folder.
    pub(super) fn of(root: PathBuf) -> Self {
        Self { root, ..Self::default() }
    }

    /// The home of the application `id`, and its file.
    pub(super) fn inside(&self, id: &str, location: &str) -> Read<(Self, PathBuf)> {
        let file = self.folder(location);
        let path = [self.path.as_slice(), &[id.to_owned()]].concat();
        self.opened.set(self.opened.get() + 1);
        if path.len() > DEEPEST || self.opened.get() > MOST {
            let problem = format!(
                "is one application too many: at most {MOST}, and {DEEPEST} inside one another, are read"
            );
            return Err(Stop::malformed(id, problem));
        }
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let home = Self { root: self.root.clone(), folder, path, opened: Rc::clone(&self.opened) };
        Ok((home, self.root.join(file)))
    }

    /// A folder or file that this template names, relative to the first template's folder.
    pub(super) fn folder(&self, written: &str) -> String {
        if self.folder.is_empty() || written.starts_with('/') {
            return written.to_owned();
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in self.folder.split('/').chain(written.split('/')) {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
    }

    /// The folder of the first template.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The name of a resource that has none of its own.
    pub(super) fn name(&self, logical_id: &str) -> String {
        format!("{}{logical_id}", self.path.concat())
    }

    /// A resource's place among all templates.
    pub(super) fn place(&self, logical_id: &str) -> String {
        let around = self.path.iter().map(String::as_str);
        around.chain([logical_id]).collect::<Vec<_>>().join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(folder: &str, written: &str, expected: &str) {
        let home = Home { folder: folder.to_owned(), ..Home::default() };
        assert_eq!(home.folder(written), expected);
    }

    #[test]
    fn a_folder_is_seen_from_the_first_template() {
        check("", "./functions/one", "./functions/one");
        check("pipelines", "../functions/one", "functions/one");
        check("pipelines", "one", "pipelines/one");
        check("pipelines/more", "../..", ".");
        check("../shared", "../../one", "../../one");
        check("pipelines", "/absolute", "/absolute");
    }

    #[test]
    fn a_template_that_names_itself_ends() {
        let mut home = Home::default();
        for _ in 0..DEEPEST {
            home = home.inside("A", "template.yaml").unwrap().0;
        }
        assert!(home.inside("A", "template.yaml").is_err());
    }
}
