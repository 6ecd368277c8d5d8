//! An object's bytes and headers, by the compression of its delivery stream.
//!
//! Content types, content encodings and the framing of Snappy are as captured from AWS.

use record_model::compress::{CompressError, Gzip};
use template::Compression;

use super::destination::{DeliveredObject, DestinationError};
use super::writes::Object;

/// Speed counts more than size, since nobody pays for this storage.
const FAST: i32 = 1;
const CONTENT_TYPE: &str = "application/octet-stream";
/// What precedes the blocks of snappy-java: its magic bytes, its version and the oldest version that can read
/// it.
const SNAPPY_JAVA_HEADER: &[u8] = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
const SNAPPY_JAVA_BLOCK_BYTES: usize = 32 << 10;
const HADOOP_BLOCK_BYTES: usize = 256 << 10;
const GZIP_HEADER_BYTES: usize = 10;
const GZIP_TRAILER_BYTES: usize = 8;

/// The object in the form in which it is stored.
pub(super) fn encoded(object: Object) -> Result<DeliveredObject, DestinationError> {
    let (body, content_encoding) = match object.compression {
        Compression::None => (object.body, None),
        Compression::Gzip => (gzip(&object.body)?.into(), Some("gzip")),
        Compression::Zip => (zip(&object.key, &object.body)?.into(), Some("zip")),
        Compression::Snappy => (snappy_java(&object.body)?.into(), Some("snappy-java")),
        Compression::HadoopSnappy => (hadoop_snappy(&object.body)?.into(), Some("hadoop-snappy")),
    };
    Ok(DeliveredObject { key: object.key, body, content_type: Some(CONTENT_TYPE), content_encoding })
}

fn gzip(body: &[u8]) -> Result<Vec<u8>, CompressError> {
    let mut compressed = Vec::new();
    Gzip::new(FAST).write(body, None, &mut compressed)?;
    Ok(compressed)
}

/// An archive of one file, named as the object without its extension.
/// <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>
fn zip(key: &str, body: &[u8]) -> Result<Vec<u8>, DestinationError> {
    let too_long = || DestinationError::TooLong { bytes: body.len() };
    let name = key.rsplit('/').next().unwrap_or(key);
    let name = name.strip_suffix(".zip").unwrap_or(name).as_bytes();
    let name_bytes = u16::try_from(name.len()).map_err(|_| too_long())?;
    // A gzip member is the same deflated data between a header and the same checksum.
    let member = gzip(body)?;
    let inner = member.get(GZIP_HEADER_BYTES..).unwrap_or_default();
    let (deflated, trailer) =
        inner.split_at_checked(inner.len().saturating_sub(GZIP_TRAILER_BYTES)).unwrap_or_default();
    let mut file = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0]; // version 2.0, deflated, at the first of January 1980
    file.extend_from_slice(trailer.get(..4).unwrap_or_default());
    file.extend_from_slice(&u32_of(deflated.len(), too_long)?);
    file.extend_from_slice(&u32_of(body.len(), too_long)?);
    file.extend_from_slice(&name_bytes.to_le_bytes());
    let mut archive = [b"PK\x03\x04", file.as_slice(), &[0; 2], name, deflated].concat();
    let directory_at = u32_of(archive.len(), too_long)?;
    let directory = [b"PK\x01\x02\x14\0", file.as_slice(), &[0; 16], name].concat();
    archive.extend_from_slice(&directory);
    archive.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    archive.extend_from_slice(&u32_of(directory.len(), too_long)?);
    archive.extend_from_slice(&directory_at);
    archive.extend_from_slice(&[0; 2]);
    Ok(archive)
}

fn u32_of(bytes: usize, too_long: impl Fn() -> DestinationError) -> Result<[u8; 4], DestinationError> {
    Ok(u32::try_from(bytes).map_err(|_| too_long())?.to_le_bytes())
}

/// <https://github.com/xerial/snappy-java>: a header, then each block with its compressed length.
fn snappy_java(body: &[u8]) -> Result<Vec<u8>, DestinationError> {
    let mut framed = SNAPPY_JAVA_HEADER.to_vec();
    for block in body.chunks(SNAPPY_JAVA_BLOCK_BYTES) {
        append_block(block, &mut framed)?;
    }
    Ok(framed)
}

/// Hadoop's `BlockCompressorStream`: each block with its length, and then its compressed length.
fn hadoop_snappy(body: &[u8]) -> Result<Vec<u8>, DestinationError> {
    let mut framed = Vec::new();
    for block in body.chunks(HADOOP_BLOCK_BYTES) {
        append_length(block.len(), &mut framed)?;
        append_block(block, &mut framed)?;
    }
    Ok(framed)
}

fn append_block(block: &[u8], framed: &mut Vec<u8>) -> Result<(), DestinationError> {
    let compressed = snap::raw::Encoder::new().compress_vec(block)?;
    append_length(compressed.len(), framed)?;
    framed.extend_from_slice(&compressed);
    Ok(())
}

fn append_length(bytes: usize, framed: &mut Vec<u8>) -> Result<(), DestinationError> {
    let length = u32::try_from(bytes).map_err(|_| DestinationError::TooLong { bytes })?;
    framed.extend_from_slice(&length.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::firehose::writes::Kind;
    use std::io::Read;

    fn body() -> Vec<u8> {
        (0..100_000_u32).flat_map(|number| format!("{{\"n\":{number}}}\n").into_bytes()).collect()
    }

    fn stored(compression: Compression) -> DeliveredObject {
        let (kind, key) = (Kind::Delivered, "p/D-1-x.zip".to_owned());
        encoded(Object { kind, key, body: body().into(), compression }).unwrap()
    }

    /// The blocks of big-endian lengths and compressed data; `lengths` of them precede each.
    fn unframed(mut framed: &[u8], lengths: usize) -> Vec<u8> {
        let mut plain = Vec::new();
        while !framed.is_empty() {
            let (head, rest) = framed.split_at(4 * lengths);
            let length = u32::from_be_bytes(head[4 * (lengths - 1)..].try_into().unwrap());
            let (block, rest) = rest.split_at(length as usize);
            plain.extend(snap::raw::Decoder::new().decompress_vec(block).unwrap());
            framed = rest;
        }
        plain
    }

    #[test]
    fn every_compression_opens_to_the_same_bytes_and_names_its_encoding() {
        let plain = stored(Compression::None);
        assert_eq!((plain.body.as_ref(), plain.content_encoding), (body().as_slice(), None));
        assert_eq!(plain.content_type, Some("application/octet-stream"));
        let snappy = stored(Compression::Snappy);
        assert_eq!(snappy.content_encoding, Some("snappy-java"));
        assert_eq!(unframed(snappy.body.strip_prefix(SNAPPY_JAVA_HEADER).unwrap(), 1), body());
        let hadoop = stored(Compression::HadoopSnappy);
        assert_eq!(hadoop.content_encoding, Some("hadoop-snappy"));
        assert_eq!(unframed(&hadoop.body, 2), body());
        let gzip = stored(Compression::Gzip);
        assert_eq!(gzip.content_encoding, Some("gzip"));
        let mut opened = Vec::new();
        flate2::read::GzDecoder::new(gzip.body.as_ref()).read_to_end(&mut opened).unwrap();
        assert_eq!(opened, body());
    }

    #[test]
    fn a_zip_archive_has_one_file_that_its_directory_finds() {
        let zip = stored(Compression::Zip);
        assert_eq!(zip.content_encoding, Some("zip"));
        let archive = zip.body.as_ref();
        let number = |at: usize| u32::from_le_bytes(archive[at..at + 4].try_into().unwrap()) as usize;
        let end = archive.len() - 22;
        assert_eq!(&archive[end..end + 4], b"PK\x05\x06");
        let directory = number(end + 16);
        assert_eq!(&archive[directory..directory + 4], b"PK\x01\x02");
        assert_eq!(directory + number(end + 12), end);
        assert_eq!(&archive[directory + 46..end], b"D-1-x");
        let (deflated_bytes, bytes, data_at) = (number(directory + 20), number(directory + 24), 30 + 5);
        assert_eq!((&archive[..4], bytes), (b"PK\x03\x04".as_slice(), body().len()));
        let mut opened = Vec::new();
        let deflated = &archive[data_at..data_at + deflated_bytes];
        flate2::read::DeflateDecoder::new(deflated).read_to_end(&mut opened).unwrap();
        assert_eq!(opened, body());
        assert_eq!(data_at + deflated_bytes, directory);
        let mut crc = flate2::Crc::new();
        crc.update(&body());
        assert_eq!(number(directory + 16), crc.sum() as usize);
    }
}
