//! Keys of a bucket in S3's order, page by page.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::folder::{Folder, FolderError, Stored};
use super::{attributes, key};

/// Where a listing continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// After this key.
    AfterKey(String),
    /// After every key that starts with this.
    AfterPrefix(String),
}

impl Position {
    /// The token a client sends back for the next page.
    pub(super) fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(match self {
            Self::AfterKey(key) => format!("k{key}"),
            Self::AfterPrefix(prefix) => format!("p{prefix}"),
        })
    }

    /// Reads a token; `None` if it is not one of ours.
    pub(super) fn of_token(token: &str) -> Option<Self> {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        match (decoded.strip_prefix('k'), decoded.strip_prefix('p')) {
            (Some(key), _) => Some(Self::AfterKey(key.to_owned())),
            (_, Some(prefix)) => Some(Self::AfterPrefix(prefix.to_owned())),
            _ => None,
        }
    }

    /// The key or the prefix it is after.
    pub(super) fn key(&self) -> &str {
        let (Self::AfterKey(last) | Self::AfterPrefix(last)) = self;
        last
    }

    fn is_before(&self, key: &str) -> bool {
        match self {
            Self::AfterKey(last) => key > last.as_str(),
            Self::AfterPrefix(last) => key > last.as_str() && !key.starts_with(last.as_str()),
        }
    }

    /// Whether a key that starts with this may come later.
    fn is_before_some_of(&self, prefix: &str) -> bool {
        self.is_before(prefix)
            || (self.key().starts_with(prefix) && *self != Self::AfterPrefix(prefix.to_owned()))
    }
}

/// What one listing asks for.
pub(super) struct Query<'a> {
    pub bucket: &'a str,
    pub prefix: &'a str,
    pub delimiter: Option<&'a str>,
    pub from: Option<Position>,
    pub max_keys: usize,
}

/// One page of a listing.
#[derive(Default)]
pub(super) struct Page {
    pub objects: Vec<(String, Stored)>,
    pub common_prefixes: Vec<String>,
    pub next: Option<Position>,
}

impl Folder {
    /// Returns one page, in order. An object that is removed while the page is read may be missing from it.
    pub(super) fn list(&self, query: Query<'_>) -> Result<Page, FolderError> {
        let mut keys = Keys::of(self, query.bucket, query.prefix, query.from)?;
        let mut page = Page::default();
        let mut last = None;
        while page.objects.len() + page.common_prefixes.len() < query.max_keys {
            let Some(key) = keys.next().transpose()? else { return Ok(page) };
            if let Some(common) = common_prefix(&key, query.prefix, query.delimiter) {
                keys.leave_out(&common);
                last = Some(Position::AfterPrefix(common.clone()));
                page.common_prefixes.push(common);
            } else {
                last = Some(Position::AfterKey(key.clone()));
                match self.head(query.bucket, &key) {
                    Ok(stored) => page.objects.push((key, stored)),
                    Err(FolderError::NoSuchKey) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        if keys.next().transpose()?.is_some() {
            page.next = last;
        }
        Ok(page)
    }
}

/// The part of a key that its group has in common: everything up to the first delimiter after the prefix.
fn common_prefix(key: &str, prefix: &str, delimiter: Option<&str>) -> Option<String> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let (group, _) = key.strip_prefix(prefix)?.split_once(delimiter)?;
    Some([prefix, group, delimiter].concat())
}

/// The keys of a bucket in bytewise order. It holds the names in the folders on the way to the current key,
/// not the whole bucket.
pub(super) struct Keys {
    bucket: PathBuf,
    prefix: String,
    from: Option<Position>,
    /// Keys and, ending with `/`, folders whose content has not been read. The last one comes first.
    plain: Vec<String>,
    unplain: Vec<String>,
}

impl Keys {
    /// The keys with a prefix, after a position.
    pub(super) fn of(
        folder: &Folder,
        bucket: &str,
        prefix: &str,
        from: Option<Position>,
    ) -> Result<Self, FolderError> {
        let mut keys = Self {
            bucket: folder.bucket(bucket)?,
            prefix: prefix.to_owned(),
            from,
            plain: Vec::new(),
            unplain: Vec::new(),
        };
        keys.unplain = keys.unplain_keys(folder, bucket)?;
        let start = prefix.rsplit_once('/').map_or("", |(start, _)| start);
        if start.is_empty() && prefix.starts_with('/') {
            return Ok(keys); // no plain key starts with a slash
        }
        keys.enter(&if start.is_empty() { String::new() } else { format!("{start}/") })?;
        Ok(keys)
    }

    /// Skips the rest of the keys that start with this.
    pub(super) fn leave_out(&mut self, prefix: &str) {
        for pending in [&mut self.plain, &mut self.unplain] {
            while pending.pop_if(|key| key.starts_with(prefix)).is_some() {}
        }
    }

    /// Puts the content of a folder before everything that is pending. `path` is empty or ends with a slash.
    fn enter(&mut self, path: &str) -> Result<(), FolderError> {
        let folder = match path.strip_suffix('/') {
            None => self.bucket.clone(),
            Some(path) => match key::plain_path(path) {
                Some(path) => self.bucket.join(path),
                None => return Ok(()),
            },
        };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let bottom = self.plain.len();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type()?;
            let key = if kind.is_dir() { format!("{path}{name}/") } else { format!("{path}{name}") };
            if (kind.is_dir() && self.may_hold(&key)) || (kind.is_file() && self.wants(&key)) {
                self.plain.push(key);
            }
        }
        if let Some(entered) = self.plain.get_mut(bottom..) {
            entered.sort_unstable_by(|a, b| b.cmp(a));
        }
        Ok(())
    }

    fn unplain_keys(&self, folder: &Folder, bucket: &str) -> Result<Vec<String>, FolderError> {
        let entries = match fs::read_dir(folder.unplain(bucket)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut keys = Vec::new();
        for entry in entries {
            let Ok(digest) = entry?.file_name().into_string() else { continue };
            keys.extend(
                attributes::key_of(&folder.attributes_path(bucket, &digest))?.filter(|key| self.wants(key)),
            );
        }
        keys.sort_unstable_by(|a, b| b.cmp(a));
        Ok(keys)
    }

    fn wants(&self, key: &str) -> bool {
        key.starts_with(&self.prefix) && self.from.as_ref().is_none_or(|from| from.is_before(key))
    }

    fn may_hold(&self, folder: &str) -> bool {
        (folder.starts_with(&self.prefix) || self.prefix.starts_with(folder))
            && self.from.as_ref().is_none_or(|from| from.is_before_some_of(folder))
    }

    fn next_key(&mut self) -> Result<Option<String>, FolderError> {
        while let Some(folder) = self.plain.pop_if(|key| key.ends_with('/')) {
            self.enter(&folder)?;
        }
        Ok(match (self.plain.last(), self.unplain.last()) {
            (Some(plain), Some(unplain)) if unplain < plain => self.unplain.pop(),
            (None, _) => self.unplain.pop(),
            _ => self.plain.pop(),
        })
    }
}

impl Iterator for Keys {
    type Item = Result<String, FolderError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_key().transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::folder::tests::{folder, put};
    use super::*;

    /// All of a listing, page by page, as keys and common prefixes in the order they came.
    fn listed(folder: &Folder, prefix: &str, delimiter: Option<&str>, max_keys: usize) -> Vec<String> {
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let page = folder.list(Query { bucket: "bucket", prefix, delimiter, from, max_keys }).unwrap();
            let mut entries: Vec<_> = page.objects.into_iter().map(|(key, _)| key).collect();
            entries.extend(page.common_prefixes);
            assert!(entries.len() <= max_keys);
            entries.sort_unstable();
            all.extend(entries);
            match page.next {
                Some(next) => from = Position::of_token(&next.token()),
                None => return all,
            }
        }
    }

    /// What S3 says of a set of keys.
    fn expected(keys: &BTreeSet<String>, prefix: &str, delimiter: Option<&str>) -> Vec<String> {
        let kept = keys.iter().filter(|key| key.starts_with(prefix));
        let entry = |key: &String| common_prefix(key, prefix, delimiter).unwrap_or_else(|| key.clone());
        kept.map(entry).collect::<BTreeSet<_>>().into_iter().collect()
    }

    proptest! {
        // Each case writes a dozen files.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_keys_are_listed_as_s3_lists_them_whatever_the_page(
            keys in proptest::collection::btree_set("[ab./-]{1,5}", 0..12),
            prefix in "[ab./-]{0,2}",
            delimiter in proptest::option::of("/|a|-|/b|"),
            max_keys in 1usize..6,
        ) {
            let (_root, folder) = folder();
            for key in &keys {
                put(&folder, key, "", "etag");
            }
            let delimiter = delimiter.as_deref();
            let expected = expected(&keys, &prefix, delimiter);
            prop_assert_eq!(listed(&folder, &prefix, delimiter, max_keys), expected);
        }
    }

    #[test]
    fn a_token_that_is_none_of_ours_is_no_position() {
        assert_eq!(Position::of_token("!"), None);
        assert_eq!(Position::of_token(&URL_SAFE_NO_PAD.encode("x")), None);
        let position = Position::AfterPrefix("é/".to_owned());
        assert_eq!(Position::of_token(&position.token()), Some(position));
    }
}
