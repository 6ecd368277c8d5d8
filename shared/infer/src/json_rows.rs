//! JSON: the objects of a sample, one a line, or the members of one array.

use record_model::{Dialect, FileFormat};
use serde_json::value::RawValue;

use crate::finding::{NoTable, RefusedRow};
use crate::json_fields;
use crate::rows::{Column, Content, Rows};

/// The objects of a sample.
pub(crate) struct JsonRows {
    pub(crate) objects: Vec<Object>,
}

/// An object as it stands in the file, and the line on which it begins.
pub(crate) struct Object {
    pub(crate) line: u64,
    pub(crate) json: String,
}

impl JsonRows {
    /// The members of all objects by place.
    pub(crate) fn columns(&self) -> Vec<Column<'_>> {
        json_fields::columns(&self.objects)
    }
}

/// Reads a text as JSON; `None` if it is not JSON.
pub(crate) fn read(text: &[u8], is_whole: bool) -> Result<Option<Rows>, NoTable> {
    let read = match text.trim_ascii_start().first() {
        Some(b'{') => lines(text, is_whole)?,
        Some(b'[') => array(text, is_whole)?,
        _ => None,
    };
    let Some((objects, broken)) = read else { return Ok(None) };
    let dialect = Dialect { format: Some(FileFormat::Json), ..Dialect::default() };
    Ok(Some(Rows { dialect, content: Content::Json(JsonRows { objects }), broken, notes: Vec::new() }))
}

type Read = Option<(Vec<Object>, Vec<RefusedRow>)>;

/// Reads one object a line. A line that is not an object is broken, but its neighbours are not.
fn lines(text: &[u8], is_whole: bool) -> Result<Read, NoTable> {
    let (mut objects, mut broken) = (Vec::new(), Vec::new());
    let mut lines: Vec<(u64, &[u8])> = (1..)
        .zip(text.split(|&byte| byte == b'\n'))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .collect();
    if !is_whole && lines.len() > 1 {
        lines.pop();
    }
    for (line, json) in lines {
        match object(json.trim_ascii()) {
            Some(json) => objects.push(Object { line, json: json.to_owned() }),
            None => broken.push(RefusedRow { line, reason: "the line is not one json object".to_owned() }),
        }
    }
    if objects.is_empty() || objects.len() < broken.len() {
        let what = if serde_json::from_slice::<&RawValue>(text).is_ok() {
            "one JSON object over several lines"
        } else {
            return Ok(None);
        };
        return Err(NoTable::LooksLike(what.to_owned()));
    }
    Ok(Some((objects, broken)))
}

/// Reads the members of an array, however they are spread over lines.
fn array(text: &[u8], is_whole: bool) -> Result<Read, NoTable> {
    let (mut objects, mut broken) = (Vec::new(), Vec::new());
    let mut at = text.iter().position(|byte| *byte == b'[').map_or(text.len(), |at| at + 1);
    let (mut line, mut counted) = (1, 0);
    loop {
        at += text.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let rest = text.get(at..).unwrap_or_default();
        if rest.is_empty() || rest.starts_with(b"]") {
            break;
        }
        let feeds = memchr::memchr_iter(b'\n', text.get(counted..at).unwrap_or_default()).count();
        (line, counted) = (line + feeds as u64, at);
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<&RawValue>();
        let Some(Ok(value)) = values.next() else {
            // This is text that begins with a bracket, or an array that is damaged or cut off.
            if objects.is_empty() {
                return Ok(None);
            }
            if is_whole {
                broken.push(RefusedRow { line, reason: "the array is damaged here".to_owned() });
            }
            break;
        };
        at += values.byte_offset();
        match object(value.get().as_bytes()) {
            Some(json) => objects.push(Object { line, json: json.to_owned() }),
            None => broken.push(RefusedRow { line, reason: "the member is not a json object".to_owned() }),
        }
        at += text.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        at += usize::from(text.get(at) == Some(&b','));
    }
    match (objects.is_empty(), broken.is_empty()) {
        (true, false) => Err(NoTable::LooksLike("a JSON array of values that are not objects".to_owned())),
        (true, true) => Err(NoTable::Empty),
        (false, _) => Ok(Some((objects, broken))),
    }
}

/// The text of an object.
fn object(json: &[u8]) -> Option<&str> {
    let raw: &RawValue = serde_json::from_slice(json).ok()?;
    raw.get().starts_with('{').then(|| raw.get())
}
