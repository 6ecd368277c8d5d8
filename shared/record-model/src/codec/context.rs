//! What is known of a record besides its payload.

/// Where a record comes from; fields that a schema derives are taken from here.
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

/// What became of a record that its schema takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// A document was appended.
    Typed,
    /// The same, with U+FFFD in it for each half of a surrogate pair that the payload names.
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

/// The text of a record and what the record itself says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextOf<'a> {
    /// The schema's text field, trimmed and unescaped as its rules say; `None` where it is null.
    pub text: Option<std::borrow::Cow<'a, str>>,
    /// The language the record names, as it names it.
    pub language: Option<std::borrow::Cow<'a, str>>,
    /// When the event happened, milliseconds since 1970 UTC.
    pub event_time_ms: Option<i64>,
}
