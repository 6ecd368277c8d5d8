//! Why reading a resource stops before its end.

use super::TemplateError;

/// The result of reading a part of the template, or why there is none.
pub(super) type Read<T> = Result<T, Stop>;

/// Why a part of the template is not run.
#[derive(Debug)]
pub(super) enum Stop {
    /// The template is wrong, so nothing of it is run.
    Malformed(TemplateError),
    /// The part can't be run here, but the rest can.
    LeftOut {
        /// Resource and property.
        place: String,
        /// The reason, as the end of a sentence that begins with the place.
        reason: String,
    },
    /// The template itself disables the part, so nothing needs to be reported.
    Disabled,
}

impl Stop {
    pub(super) fn malformed(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Malformed(TemplateError::invalid(place, problem))
    }

    pub(super) fn left_out(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::LeftOut { place: place.into(), reason: reason.into() }
    }

    /// The same, as seen from the template that contains `application`.
    pub(super) fn inside(self, application: &str) -> Self {
        match self {
            Self::Malformed(error) => Self::Malformed(error.inside(application)),
            Self::LeftOut { place, reason } => {
                Self::LeftOut { place: format!("{application}/{place}"), reason }
            }
            Self::Disabled => Self::Disabled,
        }
    }
}

impl From<TemplateError> for Stop {
    fn from(error: TemplateError) -> Self {
        Self::Malformed(error)
    }
}
