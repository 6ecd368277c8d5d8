//! Where a run starts in a source, by the cursor and the version of the source that was found.

use edge::ingest::Cursor;
use edge::sources::{Found, Start, Version};

use crate::error::ProducerError;
use crate::event::OnChange;

/// The cursor from which a run starts: the saved one, or the start of the source if the source is another one
/// now.
pub(crate) fn cursor_for<R>(
    found: &Found<R>,
    saved: &Cursor,
    on_change: OnChange,
) -> Result<Cursor, ProducerError> {
    let cursor = match &found.version {
        Version::Proven(version) => same_version(saved, Some(version), on_change)?,
        Version::Unproven => same_version(saved, None, on_change)?,
        Version::None => saved.clone(),
    };
    Ok(match found.records_per_run {
        Some(count) => Cursor { until: Some(end_of_run(&cursor, count)), ..cursor },
        None => cursor,
    })
}

/// The place in the source to which `cursor` points.
pub(crate) fn place(cursor: &Cursor, on_change: OnChange) -> Start {
    Start {
        resume: cursor.resume.clone(),
        until: cursor.until.unwrap_or_default(),
        keeps_mark: on_change == OnChange::Fail,
    }
}

/// Where a run of `count` records ends. A run that was cut short is finished first.
fn end_of_run(cursor: &Cursor, count: u64) -> u64 {
    let rest = cursor.until.filter(|_| !cursor.done);
    rest.unwrap_or_else(|| cursor.resume.position.saturating_add(count))
}

/// The cursor for this version of the source. The saved one is used only if a version proves that the source
/// is the same: two sources without versions are not equal.
fn same_version(
    cursor: &Cursor,
    version: Option<&str>,
    on_change: OnChange,
) -> Result<Cursor, ProducerError> {
    let fresh = Cursor { source_version: version.map(ToOwned::to_owned), ..Cursor::default() };
    let is_begun = cursor.source_version.is_some() || cursor.resume.position > 0;
    match version {
        _ if !is_begun => Ok(fresh),
        Some(_) if cursor.source_version.as_deref() == version => Ok(cursor.clone()),
        _ if on_change == OnChange::Fail => Err(ProducerError::SourceReplaced),
        Some(_) => {
            tracing::warn!("the source was replaced, so it is read from its start");
            Ok(fresh)
        }
        None => {
            tracing::warn!("nothing proves that the source is the same, so it is read from its start");
            Ok(fresh)
        }
    }
}

#[cfg(test)]
mod tests {
    use edge::sources::Resume;

    use super::*;

    fn cursor(version: Option<&str>, position: u64) -> Cursor {
        let resume = Resume { position, page: None };
        Cursor { resume, source_version: version.map(ToOwned::to_owned), ..Cursor::default() }
    }

    #[test]
    fn only_a_version_that_is_the_same_is_gone_on_with() {
        let go_on = |known: Option<&str>, position, now| {
            let policies = [OnChange::StartOver, OnChange::Fail];
            policies.map(|on_change| {
                let found = same_version(&cursor(known, position), now, on_change);
                found.map(|cursor| cursor.resume.position).map_err(|error| error.kind())
            })
        };
        assert_eq!(go_on(Some("v1"), 7, Some("v1")), [Ok(7), Ok(7)]);
        assert_eq!(go_on(None, 0, Some("v1")), [Ok(0), Ok(0)]);
        assert_eq!(go_on(None, 0, None), [Ok(0), Ok(0)]);
        for (known, now) in [(Some("v1"), Some("v2")), (Some("v1"), None), (None, None), (None, Some("v1"))] {
            assert_eq!(go_on(known, 7, now), [Ok(0), Err("source")], "{known:?} {now:?}");
        }
    }
}
