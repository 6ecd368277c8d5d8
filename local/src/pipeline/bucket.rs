//! The buckets of a run: clients for the local S3 endpoint.

use edge::aws::{AwsCredentials, AwsSettings, S3Store};
use edge::store::StoreError;

use template::REGION;

/// The local endpoints accept any access key.
pub(crate) const ACCESS_KEY_ID: &str = "local";
/// As [`ACCESS_KEY_ID`].
pub(crate) const SECRET_ACCESS_KEY: &str = "local";

/// Why something can't be stored.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The bucket failed.
    #[error("the bucket failed to store or return an object")]
    Bucket(#[from] StoreError),
    /// The disk failed.
    #[error("a file can't be written")]
    Disk(#[from] std::io::Error),
    /// Another object has the key, although keys are made to be unique.
    #[error("object key {key} is in use")]
    Taken {
        /// The key.
        key: String,
    },
    /// An object can't be encoded.
    #[error("an object can't be encoded")]
    Encode(#[from] serde_json::Error),
    /// An object can't be compressed.
    #[error("an object can't be compressed")]
    Compress(#[from] record_model::compress::CompressError),
}

/// A client for one bucket at the endpoint.
pub(crate) fn connect(bucket: &str, s3_url: &str) -> Result<S3Store, StoreError> {
    let credentials = AwsCredentials {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret_access_key: SECRET_ACCESS_KEY.to_owned(),
        session_token: None,
    };
    let aws = AwsSettings {
        region: REGION.to_owned(),
        credentials: Some(credentials),
        s3_endpoint_url: Some(s3_url.to_owned()),
        ..AwsSettings::default()
    };
    S3Store::connect(bucket, &aws)
}
