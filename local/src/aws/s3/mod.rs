//! S3 on one machine, over a folder: buckets are folders, objects are plain files, so `ls`, `zcat` and an editor work.
//!
//! ```text
//! <folder>/<bucket>/<key>            an object, as it was sent
//! <folder>/.s3/attributes/…          its ETag, headers and user metadata, one small JSON file an object
//! <folder>/.s3/unplain/<bucket>/…    objects whose key can't be a file name here: `a//b`, `../x`, `a/` or, beside an
//!                                    object `a`, `a/b`. Named by the key's SHA-256, so no key leaves its bucket
//! <folder>/.s3/uploads/<upload id>/  parts of multipart uploads that are under way
//! <folder>/.s3/temporary/            bodies that are being received
//! ```
//!
//! A file put into a bucket's folder by hand is an object too. Signatures are accepted from any key and not checked.
//! Not like AWS: no versions, tags or access lists; a file system that takes `a` and `A` for one name makes one object
//! of two keys.

mod attributes;
mod aws_chunked;
mod backend;
mod buckets;
mod checksum;
mod condition;
mod disk;
mod endpoint;
mod folder;
mod key;
mod list;
mod multipart;
mod read;
mod signature;
mod upload;
mod uploads;
mod virtual_host;
mod write;

pub use endpoint::S3Endpoint;
