//! One output line: the record's place, what its text says, and its typed fields.

use record_model::layout::Position;
use record_model::{RecordContext, RecordError, Schema, TextOf, Written as Typed};
use text::{Label, Language, language};

use crate::enrich::{Enriched, Enricher, NotReady, TextMembers, json};
use crate::settle::Reason;

/// The beginning of each line. The number is the version of the line's form.
const LINE_START: &[u8] = br#"{"version":1,"id":"#;

/// One user record on its way to its line.
pub(crate) struct Line<'a> {
    pub(crate) position: Position<'a>,
    pub(crate) partition_key: &'a str,
    pub(crate) payload: &'a [u8],
}

/// What happened to it.
pub(crate) enum LineResult {
    /// A line was appended.
    Line(Written),
    /// A rule of the schema drops the record.
    Dropped,
    /// The schema refuses it.
    Poison(Reason),
    /// Its text is not ready yet.
    NotReady,
}

/// What is counted for a line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    /// The label of its text, if that was scored.
    pub(crate) label: Option<Label>,
    /// Whether U+FFFD replaced an unpaired surrogate of the record.
    pub(crate) is_mended: bool,
    /// How many bytes of its text were not handed to the enricher.
    pub(crate) unread_bytes: usize,
}

/// Why there is no line.
enum Refusal {
    Schema(RecordError),
    Enricher,
}

impl From<RecordError> for Refusal {
    fn from(error: RecordError) -> Self {
        Self::Schema(error)
    }
}

impl From<NotReady> for Refusal {
    fn from(_: NotReady) -> Self {
        Self::Enricher
    }
}

impl Line<'_> {
    /// Appends the line, or nothing.
    pub(crate) fn write<E: Enricher>(
        &self,
        schema: &Schema,
        enricher: &E,
        scratch: &mut E::Scratch,
        out: &mut Vec<u8>,
    ) -> LineResult {
        let start = out.len();
        match self.try_write(schema, enricher, scratch, out) {
            Ok((typed @ (Typed::Typed | Typed::Mended), written)) => {
                return LineResult::Line(Written { is_mended: typed == Typed::Mended, ..written });
            }
            Ok((Typed::Dropped, _)) => out.truncate(start),
            Err(Refusal::Schema(error)) => {
                out.truncate(start);
                return LineResult::Poison(Reason::of_record(&error));
            }
            Err(Refusal::Enricher) => {
                out.truncate(start);
                return LineResult::NotReady;
            }
        }
        LineResult::Dropped
    }

    fn try_write<E: Enricher>(
        &self,
        schema: &Schema,
        enricher: &E,
        scratch: &mut E::Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(Typed, Written), Refusal> {
        let mut payload = schema.open(self.payload)?;
        let found = payload.text_of()?;
        let id = self.position.id().to_string();
        out.extend_from_slice(LINE_START);
        json::string(&id, out);
        out.extend_from_slice(b",\"stream\":");
        json::string(self.position.stream, out);
        out.extend_from_slice(b",\"partition_key\":");
        json::string(self.partition_key, out);
        out.extend_from_slice(b",\"arrived_at\":");
        json::time(Some(self.position.arrived_at_ms), out);
        out.extend_from_slice(b",\"event_time\":");
        json::time(found.event_time_ms, out);
        let written = write_enriched(&found, enricher, scratch, out)?;
        out.extend_from_slice(b",\"record\":");
        let context = RecordContext {
            // This is the record's own time, so that a retry writes the same line.
            ingested_at_ms: self.position.arrived_at_ms,
            position: Some(&id),
            ..RecordContext::default()
        };
        let typed = payload.write_typed_json(&context, out)?;
        out.extend_from_slice(b",\"models\":");
        json::string(enricher.models(), out);
        out.extend_from_slice(b"}\n");
        Ok((typed, written))
    }
}

/// Appends `,"language":…,"text":…,"sentiment":…,"keywords":…`.
fn write_enriched<E: Enricher>(
    found: &TextOf<'_>,
    enricher: &E,
    scratch: &mut E::Scratch,
    out: &mut Vec<u8>,
) -> Result<Written, NotReady> {
    let Some(text) = found.text.as_deref() else {
        out.extend_from_slice(b",\"language\":null,\"text\":null,");
        return Ok(counted(&TextMembers::new(out).unscored(), 0));
    };
    let language = language(text, found.language.as_deref());
    out.extend_from_slice(b",\"language\":");
    json::string(language.code(), out);
    out.extend_from_slice(b",\"text\":");
    json::string(text, out);
    out.push(b',');
    if text.len() > E::WINDOW_BYTES {
        return write_cut(text, &language, (enricher, scratch), out);
    }
    Ok(counted(&enricher.enrich(scratch, text, &language, TextMembers::new(out))?, 0))
}

/// Writes the members for a text that is longer than its enricher's window, which say how much was left out.
#[cold]
fn write_cut<E: Enricher>(
    text: &str,
    language: &Language<'_>,
    (enricher, scratch): (&E, &mut E::Scratch),
    out: &mut Vec<u8>,
) -> Result<Written, NotReady> {
    let (window, unread) =
        text.split_at_checked(text.floor_char_boundary(E::WINDOW_BYTES)).unwrap_or((text, ""));
    out.extend_from_slice(b"\"text_unread_bytes\":");
    json::value(&unread.len(), out);
    out.push(b',');
    Ok(counted(&enricher.enrich(scratch, window, language, TextMembers::new(out))?, unread.len()))
}

fn counted(enriched: &Enriched, unread_bytes: usize) -> Written {
    Written { label: enriched.label(), is_mended: false, unread_bytes }
}
