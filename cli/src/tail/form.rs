//! How a record is shown.

use std::io::{self, Write};

use base64_simd::STANDARD;
use edge::read_stream::{Row, field};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::decode::one_line_json;
use crate::shards::short;
use crate::terminal;

/// A form of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Line,
    Json,
    Raw,
    Fields(Vec<String>),
    Template(Vec<Part>),
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Time,
    Key,
    Value,
    Shard,
    Number,
    Stream,
}

/// Where records are written, and what may be written there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// Whether it is a terminal, so that control characters must be escaped.
    pub(super) is_terminal: bool,
    pub(super) colours: bool,
    /// Whether there are several streams, so that each line must name its own.
    pub(super) names_streams: bool,
}

impl Form {
    /// `line`, `json`, `raw`, `fields:a,b` or a template, which contains a `%`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "line" => return Ok(Self::Line),
            "json" => return Ok(Self::Json),
            "raw" => return Ok(Self::Raw),
            _ => {}
        }
        if let Some(names) = text.strip_prefix("fields").and_then(|rest| rest.strip_prefix([':', '=', ' '])) {
            let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
            let is_named = names.iter().all(|name| !name.is_empty());
            return if is_named { Ok(Self::Fields(names)) } else { Err("expected fields:a,b".to_owned()) };
        }
        if text.contains('%') {
            return template(text).map(Self::Template);
        }
        Err("expected line, json, raw, fields:a,b or a template such as '%t %k %v'".to_owned())
    }

    /// Writes one record and a line end.
    pub(super) fn write(&self, row: &Row<'_>, target: Target, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Line => line(row, target, out),
            Self::Json => terminal::write_json_line(&serde_json::to_vec(&Json::of(row))?, out),
            Self::Raw => raw(row.data(), target, out),
            Self::Fields(names) => {
                let document = row.document().unwrap_or(&Value::Null);
                let values: Vec<String> = names.iter().map(|name| text_of(field(document, name))).collect();
                shown(&values.join("\t"), out)
            }
            Self::Template(parts) => shown(&filled(parts, row), out),
        }
    }
}

fn template(text: &str) -> Result<Vec<Part>, String> {
    let (mut parts, mut plain, mut signs) = (Vec::new(), String::new(), text.chars());
    while let Some(sign) = signs.next() {
        let part = match (sign, (sign == '%' || sign == '\\').then(|| signs.next()).flatten()) {
            ('%', Some('t')) => Part::Time,
            ('%', Some('k')) => Part::Key,
            ('%', Some('v')) => Part::Value,
            ('%', Some('s')) => Part::Shard,
            ('%', Some('n')) => Part::Number,
            ('%', Some('S')) => Part::Stream,
            ('%', Some('%')) => {
                plain.push('%');
                continue;
            }
            ('\\', Some(escaped)) => {
                plain.push(if escaped == 't' { '\t' } else { escaped });
                continue;
            }
            ('%', _) => return Err("a template has %t, %k, %v, %s, %n, %S or %%".to_owned()),
            (sign, _) => {
                plain.push(sign);
                continue;
            }
        };
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain)));
        }
        parts.push(part);
    }
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(parts)
}

fn filled(parts: &[Part], row: &Row<'_>) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Time => time(row.arrived_at_ms),
        Part::Key => row.key.to_owned(),
        Part::Value => String::from_utf8_lossy(row.data()).into_owned(),
        Part::Shard => row.shard.to_owned(),
        Part::Number => row.number.to_owned(),
        Part::Stream => row.stream.to_owned(),
    };
    parts.iter().map(part).collect()
}

fn line(row: &Row<'_>, target: Target, out: &mut impl Write) -> io::Result<()> {
    let shard = short(row.shard);
    let stream =
        if target.names_streams { format!("{} ", terminal::line(row.stream)) } else { String::new() };
    if target.colours {
        // These are the six terminal colours that are legible on light and on dark.
        let colour = 31 + shard.bytes().fold(0_u32, |sum, byte| sum + u32::from(byte)) % 6;
        write!(out, "\u{1b}[{colour}m{stream}{shard}\u{1b}[0m ")?;
    } else {
        write!(out, "{stream}{shard} ")?;
    }
    write!(out, "{} {} ", time(row.arrived_at_ms), terminal::line(row.key))?;
    let text = String::from_utf8_lossy(row.data());
    shown(text.trim_end_matches(['\n', '\r']), out)
}

fn raw(data: &[u8], target: Target, out: &mut impl Write) -> io::Result<()> {
    if target.is_terminal {
        return shown(String::from_utf8_lossy(data).trim_end_matches(['\n', '\r']), out);
    }
    out.write_all(data)?;
    if data.ends_with(b"\n") { Ok(()) } else { out.write_all(b"\n") }
}

/// Writes a text on one line, in which nothing ends the line or controls the terminal. A tab is not escaped,
/// since it separates fields.
fn shown(text: &str, out: &mut impl Write) -> io::Result<()> {
    for (index, part) in text.split('\t').enumerate() {
        if index > 0 {
            out.write_all(b"\t")?;
        }
        out.write_all(terminal::line(part).as_bytes())?;
    }
    out.write_all(b"\n")
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.replace('\t', " "),
        value => value.to_string(),
    }
}

pub(super) fn time(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    format!("{at:.3}")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    stream: &'a str,
    shard: &'a str,
    sequence_number: &'a str,
    sub_sequence_number: Option<u64>,
    partition_key: &'a str,
    arrived_at: String,
    format: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
}

/// JSON as it is written, with unchanged numbers.
#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Json(Box<RawValue>),
    Text(&'a str),
}

impl<'a> Json<'a> {
    fn of(row: &'a Row<'_>) -> Self {
        let text = || std::str::from_utf8(row.data()).ok().map(Data::Text);
        let data = one_line_json(row.data()).map(Data::Json).or_else(text);
        let data_base64 = data.is_none().then(|| STANDARD.encode_to_string(row.data()));
        Self {
            stream: row.stream,
            shard: row.shard,
            sequence_number: row.number,
            sub_sequence_number: row.sub,
            partition_key: row.key,
            arrived_at: time(row.arrived_at_ms),
            format: &row.formats,
            data,
            data_base64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPE: Target = Target { is_terminal: false, colours: false, names_streams: false };

    fn row(payload: &[u8]) -> Row<'_> {
        let mut row = Row::bare(payload);
        row.stream = "crime";
        row.shard = "shardId-000000000012";
        row.number = "495";
        row.key = "k\u{1b}]0;t";
        row
    }

    fn written(form: &str, payload: &[u8], target: Target) -> String {
        let mut out = Vec::new();
        Form::parse(form).unwrap().write(&row(payload), target, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_record_is_shown_in_each_form() {
        let json = br#"{"a":1,"b":{"c":"x"}}"#;
        assert_eq!(
            written("line", json, PIPE),
            "12 1970-01-01T00:00:00.000Z k\\u{1b}]0;t {\"a\":1,\"b\":{\"c\":\"x\"}}\n"
        );
        assert_eq!(written("fields:a,b.c,d", json, PIPE), "1\tx\t\n");
        assert_eq!(written("fields a", json, PIPE), "1\n");
        assert_eq!(written("%S/%s/%n %% %v\\t.", b"x", PIPE), "crime/shardId-000000000012/495 % x\t.\n");
        assert_eq!(written("raw", b"a|b\n", PIPE), "a|b\n");
        let line: Value = serde_json::from_str(&written("json", json, PIPE)).unwrap();
        assert_eq!((&line["data"]["a"], &line["sequenceNumber"]), (&1.into(), &"495".into()));
        let line: Value = serde_json::from_str(&written("json", b"\xff", PIPE)).unwrap();
        assert_eq!(line["dataBase64"], "/w==");
        for wrong in ["lines", "%x", "fields:", "fields:a,,b", "%"] {
            assert!(Form::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_form_lets_a_record_reach_the_terminal() {
        let terminal = Target { is_terminal: true, colours: false, names_streams: true };
        for form in ["line", "json", "raw", "fields:text", "%t %k %v"] {
            for payload in [&b"a\x1b[2J\x07\x9b\nb\x7f\xc2\x9b"[..], br#"{"text":"\u001b[2J\u009b\n"}"#] {
                let text = written(form, payload, terminal);
                let line = text.strip_suffix('\n').unwrap();
                assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "{form}: {line:?}");
            }
        }
    }
}
