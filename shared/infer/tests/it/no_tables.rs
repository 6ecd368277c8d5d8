//! Files that are not tables are refused in one line, which says what they look like.

use infer::{Options, Sample, infer};

use crate::support::{try_found, utf16};

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    let refused = try_found(bytes).unwrap_err().to_string();
    assert!(refused.contains(expected), "{refused}");
    assert!(!refused.contains('\n'), "{refused}");
}

#[test]
fn a_file_that_is_no_table_is_refused_with_what_it_looks_like() {
    check(b"", "is empty");
    check(b"\xEF\xBB\xBF\n\n", "is empty");
    check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "looks like a PNG image, expected CSV");
    check(b"PK\x03\x04\x14\0\x06\0crime.csv", "a ZIP archive (unpack it)");
    check(b"PK\x03\x04\x14\0\x06\0xl/workbook.xml", "an Excel workbook (save it as CSV)");
    check(b"%PDF-1.7\n%\xE2\xE3", "a PDF document");
    check(b"PAR1\x15\x04\x15\x02", "a Parquet file");
    check(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Excel or Word document");
    check(b"SQLite format 3\0\x10\0", "an SQLite database");
    check(b"<?xml version=\"1.0\"?><a/>", "XML");
    check(b"<!DOCTYPE html><html>", "an HTML page");
    check(b"\xFF\xFE\0\0a\0\0\0", "text in UTF-32");
    check(b"{\n  \"a\": [1,\n 2]\n}\n", "one JSON object over several lines");
    check(b"[1, 2, 3]", "a JSON array of values that are not objects");
    check(b"{\"tags\":[1]}\n{\"tags\":[2]}\n", "objects without a value that a field can hold");
    let noise: Vec<u8> = (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    check(&noise, "of 4000 bytes are control characters");
    let mut of_something_else = utf16("a");
    of_something_else.extend_from_slice(&noise);
    check(&of_something_else, "binary data that begins like text in UTF-16");
}

#[test]
fn the_row_that_the_end_of_the_sample_cuts_is_passed_over() {
    for (bytes, rows) in [
        (&b"n,text\n1,one\n2,two\n3,th"[..], 2),
        ("n,text\n1,one\n2,tw\u{f6}".as_bytes().split_last().unwrap().1, 1),
        (b"{\"n\":1}\n{\"n\":2}\n{\"n", 2),
        (b"[{\"n\":1},\n{\"n\":2},\n{\"n", 2),
    ] {
        let options = Options { name: "cut".to_owned(), ..Options::default() };
        let finding = infer(Sample { bytes, is_whole: false }, &options).unwrap();
        assert_eq!(
            (finding.rows, &finding.refused),
            (rows, &Vec::new()),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}
