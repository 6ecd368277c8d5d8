//! Writes a schema as TOML, with the evidence for each guess.

use std::fmt::Write as _;

use record_model::{Dialect, FileFormat, NumberForm};

use crate::kinds::{Guess, Kind};
use crate::roles::Roles;
use crate::trial::{Draft, Field};

/// The schema file of a draft, with the evidence for each guess, or without it if the file would be too long.
pub(crate) fn toml(draft: &Draft, with_evidence: bool) -> String {
    let mut out = String::new();
    for note in &draft.notes {
        comment(&mut out, note);
    }
    comment(&mut out, "Every key is explained in docs/schema.md.");
    key(&mut out, "name", &quoted(&draft.name));
    out.push_str("form = \"json\"\n");
    if draft.collects_extras {
        out.push_str("extra_fields = \"collect\"\n");
    }
    roles(&mut out, &draft.roles);
    file(&mut out, &draft.dialect);
    for field in &draft.fields {
        out.push_str("\n[[fields]]\n");
        if with_evidence {
            evidence(&mut out, &field.guess);
        }
        self::field(&mut out, field);
    }
    if let Some(point) = &draft.roles.point {
        out.push_str("\n[[fields]]\n");
        key(&mut out, "name", &quoted(&point.name));
        out.push_str("type = \"geo_point\"\n");
        key(&mut out, "latitude", &quoted(&point.latitude));
        key(&mut out, "longitude", &quoted(&point.longitude));
    }
    out
}

fn roles(out: &mut String, roles: &Roles) {
    let named = [
        ("text", &roles.text),
        ("language", &roles.language),
        ("event_time", &roles.event_time),
        ("document_id", &roles.document_id),
    ];
    for (name, field) in named {
        if let Some(field) = field {
            key(out, name, &quoted(field));
        }
    }
}

fn file(out: &mut String, dialect: &Dialect) {
    let usual = Dialect::default();
    out.push_str("\n[file]\n");
    let is_csv = dialect.format != Some(FileFormat::Json);
    key(out, "format", if is_csv { "\"csv\"" } else { "\"json\"" });
    if dialect.delimiter != usual.delimiter {
        key(out, "delimiter", &quoted(&char::from(dialect.delimiter).to_string()));
    }
    if dialect.quote != usual.quote {
        key(out, "quote", &quoted(&dialect.quote.map(char::from).map_or_else(String::new, String::from)));
    }
    if let Some(encoding) = dialect.encoding {
        key(out, "encoding", &quoted(encoding));
    }
    if !dialect.has_header {
        out.push_str("header = false\n");
    }
    if dialect.skip > 0 {
        key(out, "skip", &dialect.skip.to_string());
    }
    if dialect.numbers != usual.numbers {
        numbers(out, dialect.numbers);
    }
}

fn numbers(out: &mut String, form: NumberForm) {
    key(out, "decimal", &quoted(&form.decimal.to_string()));
    if let Some(thousands) = form.thousands {
        key(out, "thousands", &quoted(&thousands.to_string()));
    }
}

fn evidence(out: &mut String, guess: &Guess) {
    let what = match guess.kind {
        Kind::Text { .. } => "texts",
        Kind::Integer(_) => "integers",
        Kind::Float(_) => "numbers",
        Kind::Boolean { .. } => "one of two words",
        Kind::Time { .. } => "times",
        Kind::Enum(_) => "among these, and each occurs at least five times",
    };
    let of = guess.values - guess.misfits.count;
    let without =
        if guess.without > 0 { format!("; {} rows have no value", guess.without) } else { String::new() };
    comment(out, &format!("{of} of {} values are {what}{without}", guess.values));
    if guess.misfits.count > 0 {
        let first: Vec<String> =
            guess.misfits.first.iter().map(|(line, text)| format!("line {line} `{text}`")).collect();
        comment(out, &format!("not: {}", first.join(", ")));
    }
    for note in &guess.notes {
        comment(out, note);
    }
    if let Some(open) = &guess.open {
        let other: Vec<&str> = open
            .readings
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != open.chosen)
            .map(|(_, reading)| reading.as_str())
            .collect();
        let chosen = open.readings.get(open.chosen).map_or("", String::as_str);
        comment(
            out,
            &format!(
                "open question: {}; read here as {chosen}, but it may be {}",
                open.text,
                other.join(" or ")
            ),
        );
    }
}

fn field(out: &mut String, field: &Field) {
    let (named, guess) = (&field.named, &field.guess);
    key(out, "name", &quoted(&named.name));
    let type_name = match guess.kind {
        Kind::Text { .. } => "string",
        Kind::Integer(_) => "integer",
        Kind::Float(_) => "float",
        Kind::Boolean { .. } => "boolean",
        Kind::Time { .. } => "timestamp",
        Kind::Enum(_) => "enum",
    };
    key(out, "type", &quoted(type_name));
    if field.is_required {
        out.push_str("required = true\n");
    }
    if let Some(csv) = &named.csv {
        key(out, "csv", &list([csv]));
    }
    if let Some(column) = named.column {
        key(out, "column", &column.to_string());
    }
    if let Some(path) = &named.path {
        key(out, "paths", &list([path]));
    }
    if !guess.nulls.is_empty() {
        key(out, "null_tokens", &list(std::iter::once(&String::new()).chain(&guess.nulls)));
    }
    if let Some(form) = field.own_numbers {
        numbers(out, form);
    }
    if let Some(bound) = field.bound {
        key(out, "min", &format!("-{bound}"));
        key(out, "max", &bound.to_string());
    }
    keys_of_the_type(out, field);
}

fn keys_of_the_type(out: &mut String, field: &Field) {
    match &field.guess.kind {
        Kind::Text { trim: true } => out.push_str("trim = true\n"),
        Kind::Boolean { yes, no } => {
            for (name, words, usual) in [("true_tokens", yes, "true"), ("false_tokens", no, "false")] {
                if !words.is_empty() && **words != [usual] {
                    key(out, name, &list(words));
                }
            }
        }
        Kind::Time { formats, has_clock } => {
            key(out, "formats", &list(formats));
            if let Some(zone) = field.zone.as_ref().filter(|_| *has_clock) {
                key(out, "zone", &quoted(zone));
            }
            key(out, "output_format", &quoted(if *has_clock { "iso8601" } else { "yyyy-MM-dd" }));
        }
        Kind::Enum(values) => key(out, "values", &list(values)),
        Kind::Text { .. } | Kind::Integer(_) | Kind::Float(_) => {}
    }
}

fn list<'w>(words: impl IntoIterator<Item = &'w String>) -> String {
    format!("[{}]", words.into_iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
}

fn key(out: &mut String, name: &str, value: &str) {
    // A write to a String can't fail.
    let _ = writeln!(out, "{name} = {value}");
}

/// A line of explanation, without characters that a TOML comment may not contain.
fn comment(out: &mut String, text: &str) {
    out.push_str("# ");
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push('\n');
}

/// A basic string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
