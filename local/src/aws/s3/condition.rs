//! Conditional requests: by `ETag` for writes, and by `ETag` and time for reads.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Result, s3_error};

use super::folder::FolderError;

/// What must be true of the present object before a write.
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
    /// Reads the two headers. S3 does not accept an `ETag` in `If-None-Match` of a write.
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
                Err(s3_error!(NotImplemented, "a write accepts If-None-Match with * only"))
            }
            (Some(_), Some(_)) => {
                Err(s3_error!(InvalidRequest, "a write accepts If-Match or If-None-Match, not both"))
            }
        }
    }

    /// Checks the condition against the `ETag` of the present object, if there is one.
    pub(super) fn check(&self, in_place: Option<&str>) -> Result<(), FolderError> {
        match (self, in_place) {
            (Self::Always, _) | (Self::Absent, None) | (Self::Present, Some(_)) => Ok(()),
            (Self::Unchanged(etag), Some(in_place)) if etag == in_place => Ok(()),
            (Self::Absent | Self::Unchanged(_), Some(_)) => Err(FolderError::ConditionFailed),
            (Self::Present | Self::Unchanged(_), None) => Err(FolderError::NoSuchKey),
        }
    }
}

/// The headers of a read that say for which state of the object it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadCondition<'a> {
    pub(super) if_match: Option<&'a ETagCondition>,
    pub(super) if_none_match: Option<&'a ETagCondition>,
    pub(super) modified_since: Option<&'a Timestamp>,
    pub(super) unmodified_since: Option<&'a Timestamp>,
}

impl ReadCondition<'_> {
    /// Checks the headers against the present object: 412 if it changed, and 304 if the reader has it. A time
    /// counts only if there is no `ETag` of the same sense (RFC 9110, 13.2.2), and in whole seconds.
    pub(super) fn check(&self, etag: &str, modified: SystemTime) -> S3Result<()> {
        let names = |condition: &ETagCondition| condition.as_etag().is_none_or(|named| named.value() == etag);
        let modified = in_whole_seconds(modified);
        let is_another = match (self.if_match, self.unmodified_since) {
            (Some(condition), _) => !names(condition),
            (None, since) => since.is_some_and(|since| modified > *since),
        };
        if is_another {
            return Err(s3_error!(PreconditionFailed));
        }
        let is_known = match (self.if_none_match, self.modified_since) {
            (Some(condition), _) => names(condition),
            (None, since) => since.is_some_and(|since| modified <= *since),
        };
        if is_known { Err(s3_error!(NotModified)) } else { Ok(()) }
    }
}

fn in_whole_seconds(time: SystemTime) -> Timestamp {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(seconds))
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
        let if_match = |condition| ReadCondition { if_match: Some(condition), ..ReadCondition::default() };
        let if_none_match =
            |condition| ReadCondition { if_none_match: Some(condition), ..ReadCondition::default() };
        check_read(if_match(&same), None);
        check_read(if_none_match(&other), None);
        check_read(if_match(&other), Some("PreconditionFailed"));
        check_read(if_none_match(&same), Some("NotModified"));
        check_read(if_none_match(&ETagCondition::Any), Some("NotModified"));
    }

    /// Of an object that was written at 1,000.5 s.
    #[track_caller]
    fn check_read(condition: ReadCondition<'_>, expected: Option<&str>) {
        let refused = condition.check("a", UNIX_EPOCH + Duration::from_millis(1_000_500)).err();
        assert_eq!(refused.as_ref().map(|error| error.code().as_str()), expected);
    }

    #[test]
    fn a_time_stands_in_for_an_etag_and_gives_way_to_one() {
        let at = |seconds| Timestamp::from(UNIX_EPOCH + Duration::from_secs(seconds));
        let (before, then) = (at(999), at(1_000));
        let same = ETagCondition::ETag(ETag::Strong("a".into()));
        let none = ReadCondition::default();
        check_read(ReadCondition { modified_since: Some(&then), ..none }, Some("NotModified"));
        check_read(ReadCondition { modified_since: Some(&before), ..none }, None);
        check_read(ReadCondition { unmodified_since: Some(&then), ..none }, None);
        check_read(ReadCondition { unmodified_since: Some(&before), ..none }, Some("PreconditionFailed"));
        check_read(ReadCondition { unmodified_since: Some(&before), if_match: Some(&same), ..none }, None);
    }
}
