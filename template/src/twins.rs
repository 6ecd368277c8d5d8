//! Names that would be in a run twice, as a template may name two resources alike by itself or through applications.

use std::collections::BTreeSet;

use super::{TemplateError, Topology};

/// Refuses two resources of one kind and one name: the second would take the first one's place.
pub(super) fn refuse(topology: &Topology) -> Result<(), TemplateError> {
    alike("bucket", topology.buckets.iter())?;
    alike("stream", topology.streams.iter().map(|stream| &stream.name))?;
    alike("function", topology.functions.iter().map(|function| &function.name))?;
    alike("delivery stream", topology.deliveries.iter().map(|delivery| &delivery.name))
}

fn alike<'t>(kind: &str, names: impl Iterator<Item = &'t String>) -> Result<(), TemplateError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            let problem =
                format!("two resources come to a {kind} of this name; a name of its own tells them apart");
            return Err(TemplateError::invalid(name, problem));
        }
    }
    Ok(())
}
