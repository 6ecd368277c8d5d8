//! Recognises by their first bytes what files are that are not tables.

/// The place of the first bytes, the bytes, and what begins with them.
const SIGNS: [(usize, &[u8], &str); 36] = [
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (0, b"\xFF\xD8\xFF", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"BM\x36", "a bitmap image"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (8, b"WEBP", "a WebP image"),
    (8, b"WAVE", "a sound"),
    (4, b"ftyp", "a video"),
    (0, b"ID3", "a sound"),
    (0, b"OggS", "a sound or video"),
    (0, b"%PDF", "a PDF document"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"\xD0\xCF\x11\xE0", "an old Excel or Word document (save it as CSV)"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"ORC", "an ORC file"),
    (0, b"Obj\x01", "an Avro file"),
    (0, b"ARROW1", "an Arrow file"),
    (0, b"FEA1", "a Feather file"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"\x1F\x8B", "gzip inside gzip"),
    (0, b"\x28\xB5\x2F\xFD", "zstd inside zstd"),
    (0, b"BZh", "a bzip2 file"),
    (0, b"\xFD7zXZ\0", "an xz file"),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x7FELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"\xCA\xFE\xBA\xBE", "a program"),
    (0, b"\0asm", "a program"),
    (0, b"\x80\x04\x95", "a Python pickle"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\xFF\xFE\0\0", "text in UTF-32 (save it as UTF-8)"),
    (0, b"\0\0\xFE\xFF", "text in UTF-32 (save it as UTF-8)"),
];

/// What the bytes are, if their beginning shows that they are not a text of records.
pub(crate) fn like(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Some(archive(bytes).to_owned());
    }
    let has = |at: usize, sign: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(sign));
    let sign = SIGNS.into_iter().find(|(at, sign, _)| has(*at, sign) && is_no_text(bytes, sign));
    sign.map(|(_, _, what)| what.to_owned()).or_else(|| markup(bytes))
}

/// Whether bytes are not text. A text too may begin with letters such as `MZ` or `ORC`, so something after
/// them must not be text.
fn is_no_text(bytes: &[u8], sign: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < 9 || (14..32).contains(byte);
    !sign.iter().all(u8::is_ascii_graphic)
        || bytes.starts_with(b"%PDF")
        || bytes.starts_with(b"{\\rtf")
        || bytes.iter().take(512).any(is_control)
}

/// What a ZIP archive contains, by the names of its first entries.
fn archive(bytes: &[u8]) -> &'static str {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
    if has(b"xl/") || has(b"workbook") {
        "an Excel workbook (save it as CSV)"
    } else if has(b"word/") {
        "a Word document"
    } else if has(b"opendocument.spreadsheet") {
        "an OpenDocument spreadsheet (save it as CSV)"
    } else {
        "a ZIP archive (unpack it)"
    }
}

/// XML and HTML, with which no row begins.
fn markup(bytes: &[u8]) -> Option<String> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    if begins(b"<!doctype html") || begins(b"<html") {
        Some("an HTML page".to_owned())
    } else if begins(b"<?xml") || begins(b"<svg") {
        Some("XML".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_begin_other_files_too_begin_a_text() {
        for text in ["MZ,name\n1,a\n", "ORC;b\n", "BZh,b\n", "ID3,text\n1,a\n", "PAR1,x\n"] {
            assert_eq!(like(text.as_bytes()), None, "{text}");
        }
        assert_eq!(like(b"MZ\x90\0\x03\0").as_deref(), Some("a program"));
    }
}
