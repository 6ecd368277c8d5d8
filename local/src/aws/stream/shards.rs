//! Running something on every shard of a stream, through reshards.

use std::sync::Arc;

use edge::aws::kinesis_reader::{ReaderError, StreamReader};
use tokio::task::JoinSet;

use super::flow::{Flow, Phase, ReaderMark};
use super::lineage::Lineage;
use super::reader::ShardReader;

/// Runs `work` once on each shard, on a parent to its end before its children, until the run stops.
///
/// `beginning` stands in for the readers until there are any, and `work` gives its reader back at the end: so a
/// settled flow overlooks neither a stream whose reading has yet to begin, nor the children of a shard that has just
/// ended.
pub(crate) async fn each_shard<W, F, E>(
    reader: &StreamReader,
    stream: &str,
    flow: &Arc<Flow>,
    beginning: ReaderMark,
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
    let mut beginning = Some(beginning);
    let mut ended = None;
    loop {
        if *phase.borrow() != Phase::Stopped {
            for shard_id in lineage.start_ready(&reader.shards(stream).await?) {
                running.spawn(work(ShardReader::new(reader.clone(), stream, shard_id, flow)));
            }
        }
        drop((beginning.take(), ended.take()));
        let Some(joined) = running.join_next().await else { return Ok(()) };
        // A panic goes on in the caller, as if the work had run there.
        let shard = joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        lineage.finish(shard.shard_id());
        ended = Some(shard);
    }
}
