//! What is a record, what is bad, and where reading ends.

use super::*;
use crate::sources::MAX_SOURCE_RECORD_BYTES;
use crate::sources::bytes::Pieces;

async fn read(file: &str, size: usize, from: u64, seekable: bool) -> Vec<(u64, String)> {
    let schema = Schema::built_in("users").unwrap();
    let bytes = Pieces::new(file.as_bytes(), size, seekable);
    let mut source = CsvSource::new(bytes, schema, "test".into(), 0, from);
    let mut payload = Vec::new();
    let mut found = Vec::new();
    loop {
        let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).unwrap();
        match source.next(&mut payload).await.unwrap() {
            Next::Record { position, .. } => found.push((position, text(&payload))),
            Next::Bad { position, error, .. } => {
                found.push((position, format!("{}: {}", error.kind(), text(&payload).trim_end())));
            }
            Next::Wait { .. } | Next::End { .. } => return found,
        }
    }
}

const ROWS: [&str; 5] = [
    "first,last,age,gender",
    "Ada,\"Love, \"\"L\"\"\nlace\",36,female",
    "\"Alan\",Turing,41,male",
    "Bad,Age,old,male",
    "Zoë,Öst,7,other",
];

#[tokio::test]
async fn every_line_end_and_every_cut_into_pieces_gives_the_same_records() {
    let expected: Vec<String> =
        read(&ROWS.join("\n"), 1 << 20, 0, true).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(expected.len(), 4);
    assert!(expected[0].contains(r#"Love, \"L\"\nlace"#), "{}", expected[0]);
    assert_eq!(expected[2], "not_integer: Bad,Age,old,male");
    for line_end in ["\n", "\r\n", "\r"] {
        for (bom, last) in [("", ""), ("\u{feff}", line_end)] {
            let file = format!("{bom}{}{last}", ROWS.join(line_end));
            for size in [1, 2, 7, 64, 1 << 20] {
                let found = read(&file, size, 0, true).await;
                let found: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
                assert_eq!(found, expected, "line end {line_end:?}, pieces of {size}");
            }
        }
    }
}

#[tokio::test]
async fn reading_from_a_position_gives_the_records_from_there_on() {
    for line_end in ["\n", "\r\n", "\r"] {
        let file = ROWS.join(line_end);
        let all = read(&file, 7, 0, true).await;
        for (at, (position, _)) in all.iter().enumerate() {
            for seekable in [true, false] {
                let rest = read(&file, 7, *position, seekable).await;
                assert_eq!(rest, all[at..], "{line_end:?} from {position}, seekable: {seekable}");
            }
        }
        assert_eq!(read(&file, 7, file.len() as u64, true).await, []);
    }
}

/// The error that a file ends in, and what was read before.
async fn damage(file: &str, size: usize) -> (Vec<String>, String) {
    let schema = Schema::built_in("users").unwrap();
    let mut source = CsvSource::new(Pieces::new(file.as_bytes(), size, true), schema, "test".into(), 0, 0);
    let (mut found, mut payload) = (Vec::new(), Vec::new());
    loop {
        match source.next(&mut payload).await {
            Ok(Next::Record { .. }) => found.push(String::from_utf8(payload.clone()).unwrap()),
            Ok(Next::Bad { error, .. }) => found.push(error.to_string()),
            Ok(Next::Wait { .. } | Next::End { .. }) => return (found, String::new()),
            Err(error) => return (found, error.to_string()),
        }
    }
}

#[tokio::test]
async fn a_row_that_is_no_csv_is_bad_and_its_neighbours_are_not() {
    let good = "Ada,Lovelace,36,female\n";
    for (bad, kind) in [
        ("\"Al\"an,Turing,41,male", "bad_quote"),
        ("\"Alan\" ,Turing,41,male", "bad_quote"),
        ("Alan,Turing,41", "too_few_fields"),
        ("Alan,Turing,41,male,", "too_many_fields"),
        ("Alan,\"Turing,41,male\"", "too_few_fields"),
        ("\"Al \\\"an\\\"\",Turing,41,male", "bad_quote"),
    ] {
        let file = format!("first,last,age,gender\n{good}\n\n{bad}\n{good}");
        for size in [1, 5, 1 << 20] {
            let found = read(&file, size, 0, true).await;
            let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(texts.len(), 3, "{texts:?}");
            assert_eq!((texts[0], texts[1]), (texts[2], &*format!("{kind}: {bad}")));
            let (told, end) = damage(&file, size).await;
            assert_eq!(end, "");
            assert!(told[1].starts_with("at line 5, byte 47 of the source: "), "{}", told[1]);
        }
    }
}

#[tokio::test]
async fn bad_quotes_over_several_lines_end_the_reading_where_they_begin() {
    let good = "Ada,Lovelace,36,female\n";
    let (few, many) = (good.repeat(2), good.repeat(30));
    for bad in [
        format!("\"Alan,Turing,41,male\n{many}"),
        format!("\"Alan,Turing,41,male\n{few}Alan,\"Turing\",41,male\n{many}"),
        format!("Alan,\"Tur\ning\" x,41,male\n{many}"),
    ] {
        for size in [3, 1 << 20] {
            let (found, error) = damage(&format!("first,last,age,gender\n{few}{bad}"), size).await;
            assert_eq!(found.len(), 2);
            assert!(error.starts_with("record at line 4, byte 68 is damaged"), "{error}");
        }
    }
    let (found, error) = damage(&format!("first,last,age,gender\n{few}\"Alan,Turing"), 7).await;
    assert!(error.is_empty() && found[2].starts_with("at line 4, byte 68 of the source: "), "{found:?}");
    let (found, error) = damage("\"first,last\nAda,Lovelace\n", 7).await;
    assert!(found.is_empty() && error.contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_quote_left_open_is_told_and_not_read_for_ever() {
    let schema = Schema::built_in("users").unwrap();
    let file = format!("first,last,age,gender\n\"{}", "x".repeat(MAX_SOURCE_RECORD_BYTES + 1));
    let bytes = Pieces::new(file.as_bytes(), 1 << 20, true);
    let mut source = CsvSource::new(bytes, schema, "test".into(), 0, 0);
    let error = source.next(&mut Vec::new()).await.unwrap_err();
    assert!(matches!(error, SourceError::TooLong { at: 22 }), "{error}");
}

#[tokio::test]
async fn a_file_without_a_header_of_the_schema_is_refused() {
    for (file, expected) in [("", "empty"), ("a,b\n1,2\n", "header")] {
        let schema = Schema::built_in("users").unwrap();
        let bytes = Pieces::new(file.as_bytes(), 100, true);
        let mut source = CsvSource::new(bytes, schema, "test".into(), 0, 0);
        let error = source.next(&mut Vec::new()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
