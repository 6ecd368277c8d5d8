//! An object's bytes and headers, by the compression of its delivery stream.

use record_model::compress::{CompressError, Gzip};
use template::Compression;

use super::destination::DeliveredObject;
use super::writes::Object;

/// Speed before size: nobody pays for this storage.
const FAST: i32 = 1;
/// Captured: what Firehose gives every object, with the encoding of gzip beside it.
const CONTENT_TYPE: &str = "application/octet-stream";

/// The object as it is stored.
pub(super) fn encoded(object: Object) -> Result<DeliveredObject, CompressError> {
    let (body, content_encoding) = match object.compression {
        Compression::None => (object.body, None),
        Compression::Gzip => {
            let mut compressed = Vec::new();
            Gzip::new(FAST).write(&object.body, None, &mut compressed)?;
            (compressed.into(), Some("gzip"))
        }
    };
    Ok(DeliveredObject { key: object.key, body, content_type: Some(CONTENT_TYPE), content_encoding })
}
