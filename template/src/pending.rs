//! What the topology says and the runner does not honour yet, a line each. Whoever makes the runner honour a setting
//! takes its line out of here.

use super::{KinesisMapping, StartingPosition, Stream, StreamMode, Topology};

/// Names every setting that the run would pass over without a word.
pub(super) fn pending(topology: &mut Topology) {
    let mut lines = Vec::new();
    lines.extend(topology.streams.iter().flat_map(of_stream));
    lines.extend(topology.mappings.iter().filter_map(of_mapping));
    topology.left_out.extend(lines);
}

fn of_stream(stream: &Stream) -> Vec<String> {
    let Stream { name, shards, .. } = stream;
    let mut lines = Vec::new();
    if stream.mode == StreamMode::OnDemand {
        lines.push(format!("{name}: is on demand, and keeps its first {shards} shards here"));
    }
    if stream.max_record_kib > 1_024 {
        lines.push(format!("{name}: MaxRecordSizeInKiB is {}, and 1024 here", stream.max_record_kib));
    }
    lines
}

fn of_mapping(mapping: &KinesisMapping) -> Option<String> {
    let at = match mapping.starting_position {
        StartingPosition::TrimHorizon => return None,
        StartingPosition::Latest => "LATEST",
        StartingPosition::AtTimestamp(_) => "AT_TIMESTAMP",
    };
    Some(format!("{}: StartingPosition is {at}, and TRIM_HORIZON here", mapping.name))
}
