//! Reads the first bytes of a file, decompressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use record_model::compress::{is_gzip, is_zstd};

/// At most this many bytes of a file's content, and whether these are all. Damage is ignored if some content
/// precedes it, since reading the whole file later reports it better.
pub(super) fn read(path: &Path, most: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut file = BufReader::new(File::open(path)?);
    let head = file.fill_buf()?;
    let unpacked: Box<dyn Read> = if is_gzip(head) {
        Box::new(flate2::bufread::MultiGzDecoder::new(file))
    } else if is_zstd(head) {
        Box::new(zstd::stream::read::Decoder::with_buffer(file)?)
    } else {
        Box::new(file)
    };
    let mut bytes = Vec::new();
    let read = unpacked.take(most.saturating_add(1)).read_to_end(&mut bytes);
    let is_whole = bytes.len() as u64 <= most && read.is_ok();
    if bytes.is_empty() {
        read?;
    }
    bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok((bytes, is_whole))
}

/// The lengths of the lines of a file's first 16 MiB, in bytes, without those that are empty. The last is left out where
/// it may be cut.
pub(crate) fn sizes(path: &Path) -> io::Result<Vec<usize>> {
    let (bytes, is_whole) = read(path, 16 << 20)?;
    let mut lines: Vec<usize> = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::len).collect();
    if !is_whole {
        lines.pop();
    }
    lines.retain(|bytes| *bytes > 0);
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_sample_is_what_is_inside_and_says_whether_that_is_all() {
        let folder = tempfile::tempdir().unwrap();
        let text = b"n,word\n1,one\n";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        for (name, bytes) in [
            ("a.csv", text.to_vec()),
            ("a.csv.gz", gzip.finish().unwrap()),
            ("a.csv.zst", zstd::encode_all(&text[..], 1).unwrap()),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path, 1000).unwrap(), (text.to_vec(), true), "{name}");
            assert_eq!(read(&path, text.len() as u64).unwrap(), (text.to_vec(), true), "{name}");
            assert_eq!(sizes(&path).unwrap(), [6, 5], "{name}");
            assert_eq!(read(&path, 7).unwrap(), (b"n,word\n".to_vec(), false), "{name}");
        }
        assert!(read(folder.path(), 10).is_err());
    }
}
