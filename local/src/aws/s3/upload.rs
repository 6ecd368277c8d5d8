//! Receives a body to a temporary file, hashes it as it arrives, and compares it with what was declared.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use http::{Extensions, HeaderMap};
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::{S3Result, s3_error};
use tokio::io::AsyncWriteExt;

use super::aws_chunked::Trailers;
use super::checksum::{Checksums, Declared};
use super::folder::{Folder, FolderError, Temporary};

/// The largest object of one PUT, and the largest part.
const MAX_BODY_BYTES: u64 = 5 << 30;

/// A body that came in whole.
pub(super) struct Received {
    pub file: Temporary,
    pub md5: Vec<u8>,
    pub checksums: Checksums,
}

/// Receives a body. Nothing of it remains if it ends early or does not match its checksums.
pub(super) async fn receive(
    folder: &Folder,
    body: Option<StreamingBlob>,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> S3Result<Received> {
    let declared = Declared::of(headers);
    let (mut md5, mut hasher, mut length) = (Md5::new(), declared.hasher(), 0);
    let file = folder.temporary();
    let mut written = tokio::fs::File::create(file.path()).await.map_err(FolderError::Io)?;
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| {
                let mut refused = s3_error!(IncompleteBody, "the body did not arrive completely");
                refused.set_source(error);
                refused
            })?;
            length += chunk.len() as u64;
            if length > MAX_BODY_BYTES {
                return Err(s3_error!(
                    EntityTooLarge,
                    "Your proposed upload exceeds the maximum allowed size"
                ));
            }
            md5.update(&chunk);
            hasher.update(&chunk);
            written.write_all(&chunk).await.map_err(FolderError::Io)?;
        }
    }
    written.flush().await.map_err(FolderError::Io)?;
    let md5 = md5.finalize().as_ref().to_vec();
    if declared.md5.as_ref().is_some_and(|declared| *declared != STANDARD.encode(&md5)) {
        return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
    }
    let trailers = extensions.get::<Trailers>().map(Trailers::take).unwrap_or_default();
    let checksums = declared.verify(&trailers, &hasher.finalize())?;
    Ok(Received { file, md5, checksums })
}
