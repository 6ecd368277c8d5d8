//! The streams that a tail reads: where each begins, and by which consumer it is pushed.

use std::error::Error;
use std::sync::Arc;

use edge::aws::AwsSettings;
use edge::aws::kinesis_consumer::StreamConsumer;
use edge::aws::kinesis_reader::{ReaderError, StreamReader};
use edge::aws::kinesis_streams::{Described, Streams};
use edge::clock::now_ms;
use edge::put_records::StreamIdentity;
use edge::read_stream::{Event, ReadError, ReadSettings, read_pushed_stream, read_stream};
use futures::stream::{BoxStream, StreamExt as _, select_all};
use tokio::time::Instant;

use super::arguments::Arguments;
use super::checkpoint::{Checkpoint, Target};
use super::when::Moment;
use crate::aws::{advice, endpoint};
use crate::terminal;

/// What happens on a stream, with its name.
type Happens<'a> = (&'a str, Result<Event, ReadError>);

/// The streams of one tail.
pub(super) struct Tailed<'a> {
    aws: &'a AwsSettings,
    streams: Vec<One<'a>>,
}

struct One<'a> {
    name: &'a str,
    settings: ReadSettings,
    consumer: Option<Arc<StreamConsumer>>,
}

impl<'a> Tailed<'a> {
    /// The streams that were named, each once.
    pub(super) fn new(arguments: &'a Arguments, aws: &'a AwsSettings) -> Self {
        let now_ms = now_ms();
        let settings = ReadSettings {
            from: arguments.from.as_ref().unwrap_or(&Moment::Latest).from(now_ms),
            to_ms: arguments.to.as_ref().and_then(|to| Moment::end_ms(to, now_ms)),
            only_shard: arguments.shard.clone(),
            reads_per_s: arguments.reads,
            deadline: arguments.during.map(|during| Instant::now() + during),
            ..ReadSettings::default()
        };
        let mut streams: Vec<One<'a>> = Vec::new();
        for name in &arguments.streams {
            if !streams.iter().any(|stream| stream.name == name) {
                streams.push(One { name, settings: settings.clone(), consumer: None });
            }
        }
        Self { aws, streams }
    }

    /// Lets each stream begin where the checkpoint of `--resume` ends, and registers the consumer of `--consumer`.
    pub(super) async fn prepare(
        &mut self,
        arguments: &Arguments,
    ) -> Result<Option<Checkpoint>, Box<dyn Error>> {
        let mut checkpoint = arguments.resume.as_deref().map(Checkpoint::open).transpose()?;
        if checkpoint.is_none() && arguments.consumer.is_none() {
            return Ok(None);
        }
        let aws = self.aws;
        for stream in &mut self.streams {
            let failed = |error: ReaderError| advice(stream.name, aws, &error);
            let found = Streams::connect(aws).describe(stream.name).await.map_err(failed)?;
            if let Some(name) = &arguments.consumer {
                let consumer = StreamConsumer::register(aws, &found.arn, name).await.map_err(failed)?;
                stream.consumer = Some(Arc::new(consumer));
            }
            let told = checkpoint.as_mut().and_then(|checkpoint| {
                checkpoint.begin(target(stream.name, aws, found), &mut stream.settings)
            });
            if let Some(told) = told {
                eprintln!("{}", terminal::line(&told));
            }
        }
        if let Some(checkpoint) = &mut checkpoint {
            // A tail that is killed before it shows anything begins here the next time.
            checkpoint.save(std::iter::empty())?;
        }
        Ok(checkpoint)
    }

    /// What happens on all streams, in the order of arrival.
    pub(super) fn events(&self) -> impl futures::Stream<Item = Happens<'a>> + use<'a> {
        let reader = StreamReader::connect(self.aws);
        let each = self.streams.iter().map(|One { name, settings, consumer }| {
            let name = *name;
            let events: BoxStream<'static, _> = match consumer {
                None => read_stream(reader.clone(), name, settings.clone()).boxed(),
                Some(consumer) => read_pushed_stream(Arc::clone(consumer), name, settings.clone()).boxed(),
            };
            events.map(move |event| (name, event)).boxed()
        });
        select_all(each.collect::<Vec<_>>())
    }

    /// Deregisters the consumers that were registered for this tail. One that was there before stays, and one that another
    /// reader has taken over.
    pub(super) async fn close(&self) {
        for One { name, consumer, .. } in &self.streams {
            let Some(consumer) = consumer.as_ref().filter(|consumer| consumer.is_own()) else { continue };
            if let Err(error) = consumer.deregister().await {
                let told = advice(name, self.aws, &error);
                eprintln!(
                    "{}",
                    terminal::line(&format!("warning: the consumer is still registered: {told}"))
                );
            }
        }
    }

    /// Why a stream can't be read, in one line.
    pub(super) fn told(&self, stream: &str, error: ReadError) -> Box<dyn Error> {
        match error {
            ReadError::Service(error) => advice(stream, self.aws, &error).into(),
            ReadError::Asked(error) => format!("stream {stream:?}: {error}").into(),
        }
    }
}

fn target<'a>(stream: &'a str, aws: &AwsSettings, found: Described) -> Target<'a> {
    let identity = StreamIdentity { arn: found.arn, created_at_ms: found.listed.created_at_ms };
    Target { stream, endpoint: endpoint(aws), identity, retention_hours: found.retention_hours }
}
