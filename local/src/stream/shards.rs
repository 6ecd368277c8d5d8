//! Running something on every shard of a stream, through reshards.

use std::sync::Arc;

use edge::kinesis_reader::{ReaderError, StreamReader};
use tokio::task::JoinSet;

use super::flow::{Flow, Phase};
use super::lineage::Lineage;
use super::reader::ShardReader;

/// Runs `work` once on each shard, on a parent to its end before its children, until the run stops.
///
/// `work` gives its reader back at the end, so that a settled flow never overlooks the children
/// of a shard that has just ended.
pub(crate) async fn each_shard<W, F, E>(
    reader: &StreamReader,
    stream: &str,
    flow: &Arc<Flow>,
    work: W,
) -> Result<(), E>
where
    W: Fn(ShardReader) -> F,
    F: Future<Output = Result<ShardReader, E>> + Send + 'static,
    E: From<ReaderError> + Send + 'static,
{
    let mut lineage = Lineage::default();
    let mut running = JoinSet::new();
    let phase = flow.phase();
    let mut ended = None;
    loop {
        if *phase.borrow() != Phase::Stopped {
            for shard_id in lineage.start_ready(&reader.shards(stream).await?) {
                running.spawn(work(ShardReader::new(reader.clone(), stream, shard_id, flow)));
            }
        }
        drop(ended.take());
        let Some(joined) = running.join_next().await else { return Ok(()) };
        // A panic goes on in the caller, as if the work had run there.
        let shard = joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        lineage.finish(shard.shard_id());
        ended = Some(shard);
    }
}
