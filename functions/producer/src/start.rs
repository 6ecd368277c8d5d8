//! Where a run starts in a source, by the cursor and the version of what was found.

use edge::ingest::Cursor;
use edge::sources::{Found, Start};

use crate::error::ProducerError;
use crate::event::OnChange;

/// The cursor that a run starts from: the saved one, or the start of the source if it is another one by now.
pub(crate) fn cursor_for<R>(
    found: &Found<R>,
    saved: &Cursor,
    on_change: OnChange,
) -> Result<Cursor, ProducerError> {
    let cursor = match &found.version {
        Some(version) => same_version(saved, version, on_change)?,
        None => saved.clone(),
    };
    Ok(match found.records_per_run {
        Some(count) => Cursor { until: Some(end_of_run(&cursor, count)), ..cursor },
        None => cursor,
    })
}

/// The place in the source where `cursor` is.
pub(crate) fn place(cursor: &Cursor) -> Start {
    Start { resume: cursor.resume.clone(), until: cursor.until.unwrap_or_default() }
}

/// Where a run of `count` records ends: a run that was cut short is finished first.
fn end_of_run(cursor: &Cursor, count: u64) -> u64 {
    let rest = cursor.until.filter(|_| !cursor.done);
    rest.unwrap_or_else(|| cursor.resume.position.saturating_add(count))
}

/// The cursor for this version of the source.
fn same_version(cursor: &Cursor, version: &str, on_change: OnChange) -> Result<Cursor, ProducerError> {
    let fresh = Cursor { source_version: Some(version.to_owned()), ..Cursor::default() };
    match &cursor.source_version {
        None => Ok(fresh),
        Some(known) if known == version => Ok(cursor.clone()),
        Some(_) if on_change == OnChange::Fail => Err(ProducerError::SourceReplaced),
        Some(_) => {
            tracing::warn!("the source was written anew, reading it from its start");
            Ok(fresh)
        }
    }
}
