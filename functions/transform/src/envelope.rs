//! What surrounds a data set's payloads, besides the wire formats that the decoder knows.

/// An envelope that is taken off before the schema sees a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Envelope {
    /// The payload itself.
    #[default]
    None,
    /// A record of a CloudWatch Logs subscription. Each of its log events is a payload.
    LogSubscription,
}

impl Envelope {
    /// The envelopes by the words of the setting.
    pub const CHOICES: &[(&str, Self)] = &[("none", Self::None), ("log-subscription", Self::LogSubscription)];

    /// Returns the envelope in which a schema's data set is known to come.
    pub fn of_schema(name: &str) -> Self {
        if name == "cloudwatch_logs" { Self::LogSubscription } else { Self::None }
    }
}
