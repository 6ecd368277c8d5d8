//! Leaves out everything that refers to a part that is not run, with a line for each.

use super::{FunctionDefinition, OnFailure, Topology, UnrunTaker};

impl Topology {
    /// Leaves out a function that can't be run, and everything that invokes it, with a line for each.
    pub fn leave_out_function(&mut self, name: &str, reason: &str) {
        self.functions.retain(|function| function.name != name);
        self.left_out.push(format!("{name}: {reason}"));
        settle(self);
    }

    /// Leaves out every delivery stream to OpenSearch, with a line for each, for a run without an OpenSearch server.
    pub fn leave_out_searches(&mut self, reason: &str) {
        let (searches, others) =
            std::mem::take(&mut self.deliveries).into_iter().partition(|delivery| delivery.search.is_some());
        self.deliveries = others;
        let searches: Vec<super::DeliveryStream> = searches;
        for delivery in searches {
            self.leave_out_taker(&delivery.name, delivery.stream, reason);
        }
    }

    fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|function: &FunctionDefinition| function.name == name)
    }

    fn has_stream(&self, name: &str) -> bool {
        self.streams.iter().any(|stream| stream.name == name)
    }

    fn has_bucket(&self, name: &str) -> bool {
        self.buckets.iter().any(|bucket| bucket == name)
    }

    /// Why the reader of `stream` that uses `function` can't run.
    fn obstacle(&self, stream: &str, function: Option<&str>, buckets: &[&str]) -> Option<String> {
        if !self.has_stream(stream) {
            return Some(format!("stream {stream:?} is not run here"));
        }
        if let Some(bucket) = buckets.iter().find(|bucket| !self.has_bucket(bucket)) {
            return Some(format!("bucket {bucket:?} is not in the template"));
        }
        let function = function.filter(|function| !self.has_function(function))?;
        Some(format!("function {function:?} is not run here"))
    }

    fn leave_out_taker(&mut self, name: &str, stream: String, obstacle: &str) {
        let reason = format!("{name}: is left out: {obstacle}");
        self.left_out.push(reason.clone());
        if self.has_stream(&stream) {
            self.unrun_takers.push(UnrunTaker { stream, reason });
        }
    }
}

/// Leaves out each mapping, delivery stream and schedule that refers to what is not in the topology.
pub(super) fn settle(topology: &mut Topology) {
    for mapping in std::mem::take(&mut topology.mappings) {
        match topology.obstacle(&mapping.stream, Some(&mapping.function), &[]) {
            Some(obstacle) => topology.leave_out_taker(&mapping.name, mapping.stream, &obstacle),
            None => topology.mappings.push(mapping),
        }
    }
    for delivery in std::mem::take(&mut topology.deliveries) {
        let function = delivery.processing.as_ref().map(|processing| processing.function.as_str());
        let backup = delivery.backup.as_ref().map(|backup| backup.bucket.as_str());
        let buckets: Vec<&str> = [delivery.bucket.as_str()].into_iter().chain(backup).collect();
        match topology.obstacle(&delivery.stream, function, &buckets) {
            Some(obstacle) => topology.leave_out_taker(&delivery.name, delivery.stream, &obstacle),
            None => topology.deliveries.push(delivery),
        }
    }
    for schedule in std::mem::take(&mut topology.schedules) {
        if topology.has_function(&schedule.function) {
            topology.schedules.push(schedule);
        } else {
            let line =
                format!("{}: is left out: function {:?} is not run here", schedule.name, schedule.function);
            topology.left_out.push(line);
        }
    }
    destinations(topology);
}

/// Removes on-failure destinations in other stacks: a bucket there can't keep what a mapping gives up.
fn destinations(topology: &mut Topology) {
    let mut lines = Vec::new();
    let buckets = topology.buckets.clone();
    for mapping in &mut topology.mappings {
        if let Some(OnFailure::Bucket(bucket)) = &mapping.on_failure
            && !buckets.contains(bucket)
        {
            let name = &mapping.name;
            lines.push(format!(
                "{name}: its on-failure destination, bucket {bucket:?}, is not in the template"
            ));
            mapping.on_failure = Some(OnFailure::Messages);
        }
    }
    topology.left_out.extend(lines);
}
