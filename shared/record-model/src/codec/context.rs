//! What is known about a record besides its payload.

/// Where a record comes from. A schema's derived fields take their values from here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordContext<'a> {
    /// When kinflow took the record in, milliseconds since 1970 UTC.
    pub ingested_at_ms: i64,
    /// Name of the source, such as `s3://bucket/key`.
    pub source: Option<&'a str>,
    /// Position in the source: a row or line number, or a byte offset.
    pub offset: Option<u64>,
    /// Position in the stream: `<stream>:<shard>:<sequence>:<sub>`.
    pub position: Option<&'a str>,
}

/// The outcome for a record that its schema accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// A document was appended.
    Typed,
    /// A document was appended, in which U+FFFD replaces each unpaired surrogate that the payload names.
    Mended,
    /// A drop rule of the schema matched; nothing was appended.
    Dropped,
}

impl Written {
    /// Whether a document was appended.
    pub fn is_document(self) -> bool {
        matches!(self, Self::Typed | Self::Mended)
    }
}

/// The text of a record, and what the record itself says about that text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextOf<'a> {
    /// The schema's text field, trimmed and unescaped as the schema says; `None` where it is null.
    pub text: Option<std::borrow::Cow<'a, str>>,
    /// The language that the record names, spelled as the record spells it.
    pub language: Option<std::borrow::Cow<'a, str>>,
    /// When the event happened, milliseconds since 1970 UTC.
    pub event_time_ms: Option<i64>,
}
