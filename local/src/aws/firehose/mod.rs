//! Delivery streams, as Firehose runs them: buffer, transform, buffer again, write to S3.

mod answer;
mod apart;
mod buffer;
mod destination;
mod event;
mod failure;
mod intake;
mod prefix;
mod stream;
mod transform;
mod writer;

pub(crate) use prefix::PrefixError;
pub(crate) use stream::{Delivery, DeliveryError, DeliverySettings, DeliveryTally};
