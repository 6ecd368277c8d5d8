//! Conditional requests: `If-Match` and `If-None-Match`, on writes and on reads.

use s3s::dto::ETagCondition;
use s3s::{S3Result, s3_error};

use super::folder::FolderError;

/// What must hold of the object in place for a write to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WriteCondition {
    /// Nothing.
    Always,
    /// `If-None-Match: *`: there is none.
    Absent,
    /// `If-Match: *`: there is one.
    Present,
    /// `If-Match: "<ETag>"`: there is one, with this `ETag`.
    Unchanged(String),
}

impl WriteCondition {
    /// Reads the two headers. S3 knows no `ETag` in `If-None-Match` of a write.
    pub(super) fn of(
        if_match: Option<&ETagCondition>,
        if_none_match: Option<&ETagCondition>,
    ) -> S3Result<Self> {
        match (if_match, if_none_match) {
            (None, None) => Ok(Self::Always),
            (None, Some(ETagCondition::Any)) => Ok(Self::Absent),
            (Some(ETagCondition::Any), None) => Ok(Self::Present),
            (Some(ETagCondition::ETag(etag)), None) => Ok(Self::Unchanged(etag.value().to_owned())),
            (None, Some(ETagCondition::ETag(_))) => {
                Err(s3_error!(NotImplemented, "a write takes If-None-Match with * only"))
            }
            (Some(_), Some(_)) => {
                Err(s3_error!(InvalidRequest, "a write takes If-Match or If-None-Match, not both"))
            }
        }
    }

    /// Holds the condition against the `ETag` in place, if there is one.
    pub(super) fn check(&self, in_place: Option<&str>) -> Result<(), FolderError> {
        match (self, in_place) {
            (Self::Always, _) | (Self::Absent, None) | (Self::Present, Some(_)) => Ok(()),
            (Self::Unchanged(etag), Some(in_place)) if etag == in_place => Ok(()),
            (Self::Absent | Self::Unchanged(_), Some(_)) => Err(FolderError::ConditionFailed),
            (Self::Present | Self::Unchanged(_), None) => Err(FolderError::NoSuchKey),
        }
    }
}

/// Holds a read's two headers against the `ETag` in place: 412 where it changed, 304 where the reader has it.
pub(super) fn check_read(
    in_place: &str,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let names = |condition: &ETagCondition| condition.as_etag().is_none_or(|etag| etag.value() == in_place);
    if if_match.is_some_and(|condition| !names(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if if_none_match.is_some_and(names) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use s3s::dto::ETag;

    use super::*;

    #[track_caller]
    fn check(condition: &WriteCondition, in_place: Option<&str>, expected: Option<&str>) {
        let refused = condition.check(in_place).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), expected);
    }

    #[test]
    fn a_write_happens_only_on_what_its_condition_names() {
        let failed = "the object is not what the request's condition asks for";
        let gone = "there is no such key";
        check(&WriteCondition::Always, None, None);
        check(&WriteCondition::Always, Some("a"), None);
        check(&WriteCondition::Absent, None, None);
        check(&WriteCondition::Absent, Some("a"), Some(failed));
        check(&WriteCondition::Present, Some("a"), None);
        check(&WriteCondition::Present, None, Some(gone));
        check(&WriteCondition::Unchanged("a".into()), Some("a"), None);
        check(&WriteCondition::Unchanged("a".into()), Some("b"), Some(failed));
        check(&WriteCondition::Unchanged("a".into()), None, Some(gone));
    }

    #[test]
    fn a_reader_that_has_the_object_gets_304_and_one_that_wants_another_412() {
        let same = ETagCondition::ETag(ETag::Strong("a".into()));
        let other = ETagCondition::ETag(ETag::Strong("b".into()));
        assert!(check_read("a", Some(&same), None).is_ok());
        assert!(check_read("a", None, Some(&other)).is_ok());
        assert_eq!(check_read("a", Some(&other), None).unwrap_err().code().as_str(), "PreconditionFailed");
        assert_eq!(check_read("a", None, Some(&same)).unwrap_err().code().as_str(), "NotModified");
        assert_eq!(
            check_read("a", None, Some(&ETagCondition::Any)).unwrap_err().code().as_str(),
            "NotModified"
        );
    }
}
