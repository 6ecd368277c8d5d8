//! The producer as a Lambda function.

use std::process::ExitCode;

use edge::aws::{KinesisSink, S3Store};
use edge::lambda;
use producer::{Producer, ProducerSettings};

fn main() -> ExitCode {
    lambda::main(ProducerSettings::read, async |settings| {
        let aws = settings.aws.clone();
        let sink = KinesisSink::connect(&settings.stream, &aws);
        let store = S3Store::connect(&settings.bucket, &aws)?;
        let open_bucket = |bucket: &str| S3Store::connect(bucket, &aws);
        let producer = Producer::new(sink, store, open_bucket, settings);
        Ok(lambda::run(|invocation| producer.handle(invocation)).await?)
    })
}
