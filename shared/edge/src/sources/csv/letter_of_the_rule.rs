//! The source against a reader that goes by the letter of the rule, one character after the other.

use proptest::prelude::*;

use super::*;
use crate::sources::bytes::Pieces;

proptest! {
    #[test]
    fn a_file_is_cut_into_the_records_that_a_strict_reader_finds(
        text in "([ab]{0,2}[,\"\n]){0,14}[ab]?", size in 1..9_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        prop_assert_eq!(runtime.block_on(found(&text, size)), strictly(&text));
    }
}

/// The payloads of a file's rows of two cells, `None` for a bad one, and whether it could be read to its end.
type Read = (Vec<Option<Vec<u8>>>, bool);

async fn found(text: &str, size: usize) -> Read {
    let toml = "name = \"t\"\nform = \"json\"\n[[fields]]\nname = \"x\"\ntype = \"string\"\n\
                [[fields]]\nname = \"y\"\ntype = \"string\"\n";
    let bytes = Pieces::new(format!("x,y\n{text}").as_bytes(), size, true);
    let mut source = CsvSource::new(bytes, Schema::parse(toml).unwrap(), "t".into(), 0, 0);
    let (mut found, mut payload) = (Vec::new(), Vec::new());
    loop {
        match source.next(&mut payload).await {
            Ok(Next::Record { .. }) => found.push(Some(payload.clone())),
            Ok(Next::Bad { .. }) => found.push(None),
            Ok(Next::Wait { .. } | Next::End { .. }) => return (found, true),
            Err(_) => return (found, false),
        }
    }
}

fn strictly(text: &str) -> Read {
    let (mut found, mut rest) = (Vec::new(), text.trim_start_matches('\n'));
    while !rest.is_empty() {
        let Row { cells, is_bad, length } = Row::first_of(rest);
        let (row, behind) = rest.split_at(length);
        if is_bad && row.trim_end_matches('\n').contains('\n') {
            return (found, false);
        }
        found.push(match &*cells {
            [x, y] if !is_bad => Some(payload(x, y)),
            _ => None,
        });
        rest = behind.trim_start_matches('\n');
    }
    (found, true)
}

fn payload(x: &str, y: &str) -> Vec<u8> {
    let cells = [("x", x), ("y", y)].into_iter().filter(|(_, cell)| !cell.trim().is_empty());
    let members = cells.map(|(name, cell)| format!("\"{name}\":{}", serde_json::Value::from(cell)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes()
}

/// A row as the letter of the rule has it.
struct Row {
    cells: Vec<String>,
    is_bad: bool,
    /// In bytes, without its line end.
    length: usize,
}

impl Row {
    fn first_of(text: &str) -> Self {
        let mut row = Self { cells: Vec::new(), is_bad: false, length: text.len() };
        let (mut cell, mut quoted, mut closed, mut at_start) = (String::new(), false, false, true);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' if quoted && chars.peek().is_some_and(|(_, next)| *next == '"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' if quoted => (quoted, closed) = (false, true),
                c if quoted => cell.push(c),
                '"' if at_start => (quoted, at_start) = (true, false),
                ',' => {
                    row.cells.push(std::mem::take(&mut cell));
                    (closed, at_start) = (false, true);
                }
                '\n' => {
                    row.length = at;
                    break;
                }
                c => {
                    row.is_bad |= closed;
                    at_start = false;
                    cell.push(c);
                }
            }
        }
        row.cells.push(cell);
        row.is_bad |= quoted;
        row
    }
}
