//! The port to which a delivery stream writes, and the bucket that implements it.

use bytes::Bytes;
use edge::aws::S3Store;
use edge::store::{Attributes, ObjectStore, StoreError};
use futures::future::BoxFuture;
use record_model::compress::CompressError;

/// Where a delivery stream's objects go: a bucket, or a service that takes an object apart into its records.
pub(crate) trait Destination: Send + Sync {
    /// Writes a whole object, which is stored once this returns. A call with the same key is another try with
    /// the same body.
    fn write(&self, object: DeliveredObject) -> BoxFuture<'_, Result<(), DestinationError>>;
}

/// An object of a delivery, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeliveredObject {
    pub(crate) key: String,
    pub(crate) body: Bytes,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) content_encoding: Option<&'static str>,
}

/// Why an object could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// The bucket did not accept it.
    #[error("the bucket did not accept an object: {0}")]
    Bucket(#[from] StoreError),
    /// It can't be compressed.
    #[error("an object can't be compressed: {0}")]
    Compress(#[from] CompressError),
    /// It can't be compressed by Snappy.
    #[error("an object can't be compressed: {0}")]
    Snappy(#[from] snap::Error),
    /// It is over 4 GiB.
    #[error("an object of {bytes} bytes is too long for its compression, the limit is 4 GiB")]
    TooLong {
        /// Its size.
        bytes: usize,
    },
}

impl DestinationError {
    /// Whether every further try would end in the same way.
    pub(super) fn is_permanent(&self) -> bool {
        use StoreError::{InvalidAttributes, InvalidKey};
        !matches!(self, Self::Bucket(error) if !matches!(error, InvalidKey { .. } | InvalidAttributes { .. }))
    }
}

/// A bucket.
pub(crate) struct Bucket(pub(crate) S3Store);

impl Destination for Bucket {
    fn write(&self, object: DeliveredObject) -> BoxFuture<'_, Result<(), DestinationError>> {
        Box::pin(async move {
            let attributes = Attributes {
                content_type: object.content_type.map(ToOwned::to_owned),
                content_encoding: object.content_encoding.map(ToOwned::to_owned),
                ..Attributes::default()
            };
            // A key contains 122 random bits of its delivery stream, so an object that exists already comes
            // from an earlier try.
            self.0.create(&object.key, object.body, &attributes).await?;
            Ok(())
        })
    }
}
