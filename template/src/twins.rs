//! Finds names that would occur twice in a run: a template may give two resources the same name, by itself or
//! through applications.

use std::collections::BTreeSet;

use super::{TemplateError, Topology};

/// Refuses two resources of the same kind and name, since the second would replace the first.
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
                format!("two resources would be a {kind} of this name; give one of them another name");
            return Err(TemplateError::invalid(name, problem));
        }
    }
    Ok(())
}
