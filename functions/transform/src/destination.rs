//! Where the delivery stream delivers, and what that requires of a record.

/// A Firehose destination, as far as it affects what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Destination {
    /// S3 concatenates records unchanged, so a line end follows each, and one record may hold several lines.
    #[default]
    S3,
    /// S3 with dynamic partitioning: each record is one line and names its partition.
    S3Partitioned,
    /// OpenSearch's bulk request takes a document on one line for each record, without a line end.
    OpenSearch,
    /// One row a record, which names its table.
    Iceberg,
}

impl Destination {
    /// The destinations by the words of the setting.
    pub const CHOICES: &[(&str, Self)] = &[
        ("s3", Self::S3),
        ("s3-partitioned", Self::S3Partitioned),
        ("opensearch", Self::OpenSearch),
        ("iceberg", Self::Iceberg),
    ];

    /// Whether a line end follows each document.
    pub fn has_line_ends(self) -> bool {
        matches!(self, Self::S3 | Self::S3Partitioned)
    }

    /// Whether one record may become several documents.
    pub fn takes_several_documents(self) -> bool {
        self == Self::S3
    }
}
