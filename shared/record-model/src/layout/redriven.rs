//! Keys of what was redriven.

const ROOT: &str = "state/redriven";

/// What one step of a redrive fed again: of the records of a folder, or of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedrivenKey<'a> {
    /// The key of the object, or of the folder of the objects, without a slash at its end.
    pub of: &'a str,
    /// The run of the redrive: letters and digits, later ones after earlier ones.
    pub run: &'a str,
    /// The step of that run, from 0.
    pub step: u32,
}

impl<'a> RedrivenKey<'a> {
    /// What the keys of everything that was redriven of a folder or an object begin with.
    pub fn prefix(of: &str) -> String {
        format!("{ROOT}/{of}/")
    }

    /// The key.
    pub fn key(&self) -> String {
        let Self { of, run, step } = self;
        format!("{ROOT}/{of}/{run}-{step:08}.json")
    }

    /// Reads a key that [`key`](Self::key) writes.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (of, name) = key.strip_prefix(ROOT)?.strip_prefix('/')?.rsplit_once('/')?;
        let (run, step) = name.strip_suffix(".json")?.split_once('-')?;
        let read = Self { of, run, step: step.parse().ok()? };
        (read.key() == key && run.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_no_other_is() {
        let key =
            RedrivenKey { of: "quarantine/tweets/dt=2026-01-02/hour=03", run: "20260102T030405", step: 7 };
        let written = key.key();
        assert_eq!(
            written,
            "state/redriven/quarantine/tweets/dt=2026-01-02/hour=03/20260102T030405-00000007.json"
        );
        assert!(written.starts_with(&RedrivenKey::prefix(key.of)));
        assert_eq!(RedrivenKey::parse(&written), Some(key));
        for other in
            ["state/redriven/a-1.json", "state/redriven/a/b-1.json", "state/redriven/a/b.c-00000001.json"]
        {
            assert_eq!(RedrivenKey::parse(other), None, "{other}");
        }
    }
}
