//! Reports settings that the runner does not honour yet, with a line for each. When the runner learns to honour a
//! setting, its line is removed here.

use super::{Stream, StreamMode, Topology};

/// Reports every setting that the run would otherwise ignore silently.
pub(super) fn pending(topology: &mut Topology) {
    let lines: Vec<String> = topology.streams.iter().filter_map(of_stream).collect();
    topology.left_out.extend(lines);
}

fn of_stream(stream: &Stream) -> Option<String> {
    let Stream { name, shards, mode, .. } = stream;
    (*mode == StreamMode::OnDemand)
        .then(|| format!("{name}: is on demand, and keeps its first {shards} shards here"))
}
