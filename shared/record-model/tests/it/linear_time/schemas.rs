//! Schema files: too long ones are refused unread, and the longest that are read are read at once.

use record_model::Schema;

use super::filled;
use super::growth::{LARGE_BYTES, check_up_to};

const HEAD: &str = "name = \"t\"\nform = \"json\"\n";
const LONGEST_BYTES: usize = 256 << 10;

#[test]
fn a_schema_file_longer_than_256_kib_is_refused_unread() {
    let file = filled(HEAD.as_bytes(), b"[", b"", LARGE_BYTES);
    let error = Schema::parse(std::str::from_utf8(&file).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("schema line 1: the file has {} bytes, the limit is 262144", file.len())
    );
}

/// A file of `head`, of lines that are numbered where they say `#`, and of `tail`.
fn file(head: &str, line: &str, tail: &str, bytes: usize) -> Vec<u8> {
    let lines = (0..).map(|number: u32| line.replace('#', &number.to_string()));
    let room = bytes.saturating_sub(HEAD.len() + head.len() + tail.len());
    let fitting = lines.scan(0, |length, line| {
        *length += line.len();
        (*length <= room).then_some(line)
    });
    [HEAD, head, &fitting.collect::<String>(), tail].concat().into_bytes()
}

#[test]
fn a_schema_file_of_any_content_is_read_or_refused_in_linear_time() {
    let text = "[[fields]]\nname = 'a'\ntype = 'string'\n";
    let time = "[[fields]]\nname = 'a'\ntype = 'timestamp'\n";
    for (head, line, tail) in [
        ("", "[[fields]]\nname = 'f#'\ntype = 'string'\n", ""),
        ("", "[[fields]]\nname = 'o#.f'\ntype = 'string'\n", ""),
        ("", "#", ""),
        ("x = ", "[", ""),
        ("x = ", "{a=", ""),
        ("x = \"", "\\", ""),
        ("x = ", "\"", ""),
        ("x = '''", "\n", ""),
        ("x = ", "9", ""),
        ("x", ".a", " = 1\n"),
        ("", "[a#]\n", ""),
        ("", "a# = 1\n", ""),
        ("", "\n", text),
        ("null_tokens = [", "'n#',", &format!("]\n{text}")),
        ("[[fields]]\ntype = 'string'\nname = 'a", ".a", "'\n"),
        (&format!("{text}paths = ["), "'p#',", "]\n"),
        (&format!("{text}paths = ['a"), ".a", "']\n"),
        (&format!("{text}csv = ["), "'c#',", "]\n"),
        (&format!("{text}null_tokens = ["), "'n#',", "]\n"),
        (&format!("{text}pattern = '"), "(", "'\n"),
        (&format!("{text}pattern = '"), "(a|b)*", "'\n"),
        (&format!("{text}pattern = '"), "a{9}", "'\n"),
        (&format!("{text}pattern = 'a"), "{9}", "'\n"),
        ("[[fields]]\nname = 'a'\ntype = 'enum'\nvalues = [", "'v#',", "]\n"),
        ("[[fields]]\nname = 'a'\ntype = 'boolean'\ntrue_tokens = [", "'v#',", "]\n"),
        (&format!("{time}formats = ["), "'yyyy #',", "]\n"),
        (&format!("{time}formats = ['"), "M/", "']\n"),
        (&format!("{time}formats = [\""), "''", "\"]\n"),
        (text, "[[partition_keys]]\nkey = 'k#'\nfield = 'a'\n", ""),
        (text, "[[drop_when]]\nfield = 'a'\nis = ['v#']\n", ""),
    ] {
        let name = format!("{head}{line}{tail}");
        check_up_to(
            LONGEST_BYTES,
            &name,
            |bytes| file(head, line, tail, bytes),
            |file| {
                let _ = Schema::parse(std::str::from_utf8(file).unwrap());
            },
        );
    }
}
