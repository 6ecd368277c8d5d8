//! What S3 knows about an object besides its bytes, stored in a separate file.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use s3s::dto::{ServerSideEncryption, StorageClass};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

/// Headers, user metadata, `ETag` and checksums of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Attributes {
    pub key: String,
    /// The MD5 of the bytes in hexadecimal, or `<MD5 of the parts' MD5s>-<parts>` after a multipart upload.
    pub etag: String,
    #[serde(skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Checksums of the whole object in base64, by S3's name of the algorithm.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub checksums: BTreeMap<String, String>,
}

/// The most bytes of user metadata that S3 accepts, names and values together.
const MAX_METADATA_BYTES: usize = 2048;

/// User metadata as they are kept, in the order of their names.
pub(super) fn metadata(sent: Option<s3s::dto::Metadata>) -> S3Result<BTreeMap<String, String>> {
    let metadata: BTreeMap<_, _> = sent.unwrap_or_default().into_iter().collect();
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MAX_METADATA_BYTES {
        return Err(s3_error!(
            MetadataTooLarge,
            "{bytes} bytes of user metadata, the limit is {MAX_METADATA_BYTES}"
        ));
    }
    Ok(metadata)
}

/// The headers a client sets on PUT and gets back on GET.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Headers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `None` is `STANDARD`, which S3 does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_side_encryption: Option<String>,
}

/// The storage class that a client asked for, as it is stored. It is returned, and has no effect here.
pub(super) fn storage_class(asked: Option<StorageClass>) -> Option<String> {
    asked.map(|class| class.as_str().to_owned()).filter(|class| class != StorageClass::STANDARD)
}

/// The encryption that a client asked for. It is returned, but not done here.
pub(super) fn encryption(asked: Option<ServerSideEncryption>) -> Option<String> {
    asked.map(|encryption| encryption.as_str().to_owned())
}

impl Headers {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Attributes and the bytes they speak of.
#[derive(Serialize, Deserialize)]
struct Generation {
    stamp: Stamp,
    #[serde(flatten)]
    attributes: Attributes,
}

/// A file that was changed by hand has another stamp, so its attributes are no longer valid.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    length: u64,
    modified_ns: u64,
}

impl Stamp {
    fn of(file: &Metadata) -> io::Result<Self> {
        let modified_ns = file.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Ok(Self { length: file.len(), modified_ns: u64::try_from(modified_ns).unwrap_or(u64::MAX) })
    }
}

/// Reads the valid attributes of a file; `None` if it was put there, or changed, by hand.
pub(super) fn load(path: &Path, file: &Metadata) -> io::Result<Option<Attributes>> {
    let stamp = Stamp::of(file)?;
    let found = generations(path)?.into_iter().find(|generation| generation.stamp == stamp);
    Ok(found.map(|generation| generation.attributes))
}

/// What to write beside a file that is about to be moved to its place. The attributes of the file that it
/// replaces are kept as well, since a crash between the two renames must leave bytes and attributes that
/// belong together.
pub(super) fn encode(attributes: Attributes, file: &Metadata, path: &Path) -> io::Result<Vec<u8>> {
    let newest = Generation { stamp: Stamp::of(file)?, attributes };
    let generations: Vec<_> = std::iter::once(newest).chain(generations(path)?.into_iter().next()).collect();
    let mut encoded = serde_json::to_vec(&generations)?;
    encoded.push(b'\n');
    Ok(encoded)
}

/// The key for which a file of attributes was written.
pub(super) fn key_of(path: &Path) -> io::Result<Option<String>> {
    Ok(generations(path)?.into_iter().next().map(|generation| generation.attributes.key))
}

/// The newest comes first. A file that can't be read as attributes is ignored, since the object itself still
/// exists.
fn generations(path: &Path) -> io::Result<Vec<Generation>> {
    match std::fs::read(path) {
        Ok(encoded) => Ok(serde_json::from_slice(&encoded).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
