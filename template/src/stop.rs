//! Why the reading of a resource stops before its end.

use super::TemplateError;

/// What a part of the template comes to, or why it comes to nothing.
pub(super) type Read<T> = Result<T, Stop>;

/// Why a part of the template is not run.
#[derive(Debug)]
pub(super) enum Stop {
    /// The template is wrong, so that nothing of it is run.
    Malformed(TemplateError),
    /// The part can't be run here, and the rest can.
    LeftOut {
        /// Resource and property.
        place: String,
        /// Why, as the end of a sentence about the place.
        reason: String,
    },
    /// The template says that the part rests, which needs no word beside the template's.
    Disabled,
}

impl Stop {
    pub(super) fn malformed(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Malformed(TemplateError::invalid(place, problem))
    }

    pub(super) fn left_out(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::LeftOut { place: place.into(), reason: reason.into() }
    }

    /// The same, seen from the template in which `application` is.
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
