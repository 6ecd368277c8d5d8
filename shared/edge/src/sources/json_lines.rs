//! JSON files, with one object a line or an array of objects. Each object becomes a payload unchanged, or a
//! row of the schema.

use record_model::{RecordError, Schema, object_on_one_line};

use super::json_values::Text;
use super::{ByteSource, Next, Place, Source, SourceError};

/// The objects of a file in UTF-8 or UTF-16, with or without a byte order mark.
///
/// A file whose first character is `[` is an array, however it is spread over lines. Any other file has one
/// object a line, and LF, CR and CRLF end a line. Blank lines are skipped. Something that is not a JSON
/// object is bad, but its neighbours are not. An array that ends in the middle of a member is refused there,
/// since nothing says where the next member would begin.
///
/// If the data set travels as JSON, an object is the payload, on one line. If it travels as rows, an object
/// is a document with the schema's fields.
pub struct JsonLinesSource<B> {
    text: Text<B>,
    schema: Schema,
    shape: Shape,
    skip_to: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Unknown,
    Lines,
    /// Whether a member may come before a comma does.
    Array {
        begins: bool,
    },
    /// The array is closed.
    Over,
}

impl<B: ByteSource> JsonLinesSource<B> {
    /// Starts at the object that begins at byte `position`; 0 means all objects.
    pub fn new(bytes: B, schema: Schema, position: u64) -> Self {
        let text = Text::new(bytes, schema.file().encoding);
        Self { text, schema, shape: Shape::Unknown, skip_to: position }
    }

    /// Looks at the first character, which decides the form, and goes to the start.
    async fn recognise(&mut self) -> Result<(), SourceError> {
        self.shape = Shape::Lines;
        if self.text.peek().await? == Some(b'[') {
            self.text.take();
            self.shape = Shape::Array { begins: true };
        }
        self.text.go_to(self.skip_to).await
    }

    /// Reads the next object, or what stands in its place. Returns its place, or `None` at the end.
    async fn read(&mut self, object: &mut Vec<u8>) -> Result<Option<Place>, SourceError> {
        loop {
            let next = self.text.peek().await?;
            let place = self.text.place();
            match (self.shape, next) {
                (Shape::Unknown, _) => self.recognise().await?,
                (Shape::Lines | Shape::Over, None) => return Ok(None),
                (Shape::Lines, Some(_)) => {
                    self.text.read_line(object).await?;
                    return Ok(Some(place));
                }
                (Shape::Array { .. }, Some(b']')) => {
                    self.text.take();
                    self.shape = Shape::Over;
                }
                (Shape::Array { begins: false }, Some(b',')) => {
                    self.text.take();
                    self.shape = Shape::Array { begins: true };
                }
                (Shape::Array { begins: true }, Some(b',')) if place.byte == self.skip_to => self.text.take(),
                (Shape::Array { begins: true }, Some(next))
                    if next != b',' && self.text.read_member(object).await? =>
                {
                    self.shape = Shape::Array { begins: false };
                    return Ok(Some(place));
                }
                (Shape::Array { .. } | Shape::Over, _) => {
                    return Err(SourceError::Damaged { place, what: "array" });
                }
            }
        }
    }
}

impl<B: ByteSource> Source for JsonLinesSource<B> {
    async fn next(&mut self, payload: &mut Vec<u8>) -> Result<Next, SourceError> {
        payload.clear();
        let Some(place) = self.read(payload).await? else {
            return Ok(Next::End { position: self.text.offset });
        };
        let (position, next) = (place.byte, self.text.offset);
        match payload_of(&self.schema, payload) {
            Ok(()) => Ok(Next::Record { position, next }),
            Err(error) => Ok(Next::Bad { position, next, error: place.of(error) }),
        }
    }
}

/// Changes a JSON document to the payload form of its data set.
pub(super) fn payload_of(schema: &Schema, document: &mut Vec<u8>) -> Result<(), RecordError> {
    if schema.is_json() {
        if let Some(one_line) = object_on_one_line(document)? {
            *document = one_line;
        }
        return Ok(());
    }
    let mut row = Vec::with_capacity(document.len());
    schema.write_payload(document, &mut row)?;
    *document = row;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bytes::Pieces;
    use super::*;

    const SCHEMA: &str = "name = \"notes\"\nform = \"json\"\n[[fields]]\nname = \"id\"\ntype = \"integer\"\n";

    /// What a file in such pieces holds from a byte on: payloads, or why there is none; and why reading ended early.
    fn read(file: &[u8], size: usize, from: u64, seekable: bool) -> (Vec<(u64, String)>, Option<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let schema = Schema::parse(SCHEMA).unwrap();
            let mut source = JsonLinesSource::new(Pieces::new(file, size, seekable), schema, from);
            let (mut found, mut payload) = (Vec::new(), Vec::new());
            loop {
                match source.next(&mut payload).await {
                    Ok(Next::Record { position, .. }) => {
                        found.push((position, String::from_utf8(payload.clone()).unwrap()));
                    }
                    Ok(Next::Bad { position, error, .. }) => found.push((position, error.to_string())),
                    Ok(Next::Wait { .. } | Next::End { .. }) => return (found, None),
                    Err(error) => return (found, Some(error.to_string())),
                }
            }
        })
    }

    fn payloads(file: &[u8]) -> Vec<String> {
        let (found, ended) = read(file, 5, 0, true);
        assert_eq!(ended, None);
        found.into_iter().map(|(_, payload)| payload).collect()
    }

    proptest! {
        #[test]
        fn objects_come_out_of_lines_and_of_an_array_in_whatever_pieces(
            texts in prop::collection::vec("[\\[\\]{},\"\\\\a\n é]{0,6}", 1..5),
            size in 1..9_usize,
            form in 0..5_usize,
            mark: bool,
            seekable: bool,
        ) {
            let values: Vec<serde_json::Value> =
                texts.iter().zip(1..).map(|(text, id)| serde_json::json!({"id": id, "x": [text, {}]})).collect();
            let lines: Vec<String> = values.iter().map(ToString::to_string).collect();
            let text = match form {
                0 => lines.join("\n"),
                1 => lines.join("\r\n") + "\r\n\r\n",
                2 => lines.join("\r"),
                3 => serde_json::to_string(&values).unwrap(),
                _ => format!("\n{}\n", serde_json::to_string_pretty(&values).unwrap()),
            };
            let text = if mark { format!("\u{FEFF}{text}") } else { text };
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let (all, ended) = read(text.as_bytes(), size, 0, seekable);
            prop_assert_eq!(ended, None);
            let found: Vec<&String> = all.iter().map(|(_, payload)| payload).collect();
            prop_assert_eq!(found, lines.iter().collect::<Vec<_>>());
            let of_utf16 = read(&utf16, size, 0, seekable).0.into_iter().map(|(_, payload)| payload);
            prop_assert_eq!(of_utf16.collect::<Vec<_>>(), lines);
            // From each object on, and from behind each.
            for (at, (position, _)) in all.iter().enumerate() {
                prop_assert_eq!(&read(text.as_bytes(), size, *position, seekable).0, &all[at..].to_vec());
            }
        }

        #[test]
        fn nothing_in_a_file_makes_it_go_wrong(file in "[\\[\\]{}:,\"1a\n ]{0,20}", size in 1..9_usize) {
            let (found, _) = read(file.as_bytes(), size, 0, true);
            for (_, payload) in found {
                let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&payload).is_ok();
                prop_assert!(is_object || payload.contains(" of the source: "), "{}", payload);
            }
        }
    }

    #[test]
    fn a_line_that_is_no_object_is_bad_with_its_line_and_byte() {
        let file = b"{\"id\":1}\r\n\r\n{\"id\":2\n[3]\n{\"id\":4} {}\n\xFF\n{\"id\":5}\n";
        let found = payloads(file);
        assert_eq!((&*found[0], &*found[5]), ("{\"id\":1}", "{\"id\":5}"));
        for (at, place) in
            [(1, "line 3, byte 12"), (2, "line 4, byte 20"), (3, "line 5, byte 24"), (4, "line 6, byte 36")]
        {
            assert!(found[at].starts_with(&format!("at {place} of the source: ")), "{}", found[at]);
        }
    }

    #[test]
    fn a_member_that_is_no_object_is_bad_and_its_neighbours_are_not() {
        let found = payloads(b"[{\"id\":1},\n 2,\n{\"id\":,},\n{\"id\":4}]");
        assert_eq!((&*found[0], &*found[3]), ("{\"id\":1}", "{\"id\":4}"));
        assert!(
            found[1].starts_with("at line 2, byte 12 ") && found[2].starts_with("at line 3, byte 15 "),
            "{found:?}"
        );
    }

    #[test]
    fn an_array_that_is_not_closed_ends_the_reading_where_it_breaks() {
        for (file, count) in [
            ("[{\"id\":1},{\"id\":2", 1),
            ("[{\"id\":1},{\"id\":\"2},{\"id\":3}]", 1),
            ("[{\"id\":1}", 1),
            ("[{\"id\":1}] {\"id\":2}", 1),
            ("[", 0),
            ("[,{\"id\":1}]", 0),
        ] {
            let (found, ended) = read(file.as_bytes(), 4, 0, true);
            assert_eq!(found.len(), count, "{file}");
            assert!(ended.is_some_and(|ended| ended.starts_with("array at line 1, byte ")), "{file}");
        }
        assert_eq!(payloads(b"[]"), [""; 0]);
        assert_eq!(payloads(b"[{\"id\":1},]"), ["{\"id\":1}"]);
        assert_eq!(payloads(b""), [""; 0]);
    }
}
