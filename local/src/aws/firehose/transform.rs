//! Handing a batch to the transformation function, with Firehose's retries.

use super::answer::{Outcome, outcomes};
use super::apart::SourceRecord;
use super::event::event;
use super::failure::{Reason, line};
use super::stream::{Delivery, DeliveryError};
use super::writer::{End, Finished};
use crate::aws::lambda::Function;
use crate::pipeline::progress::Progress;
use template::{ACCOUNT, Processing, REGION};

/// What became of every record of the batch; each is told of exactly once.
pub(super) async fn transform(
    delivery: &Delivery,
    processing: &Processing,
    function: &Function,
    records: Vec<SourceRecord>,
) -> Result<Vec<Finished>, DeliveryError> {
    let lambda_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}:$LATEST", processing.function);
    let event = event(&records, &delivery.arn, &delivery.stream_arn)?;
    let mut attempts = 0;
    let (code, message) = loop {
        attempts += 1;
        let failed = match function.invoke(event.clone()).await {
            Ok(answer) => match outcomes(&answer, &records) {
                Ok(outcomes) => return finished(&records, outcomes, attempts, &lambda_arn),
                Err(_) => {
                    ("Lambda.JsonProcessingException", "the answer is no JSON of a transformation".to_owned())
                }
            },
            Err(error) => ("Lambda.FunctionError", error.to_string()),
        };
        delivery
            .progress
            .send(Progress::Warning { message: format!("{}: {}", delivery.settings.name, failed.1) });
        if attempts > processing.retries {
            break failed;
        }
    };
    let reason = Reason { attempts, code, message: &message, lambda_arn: Some(&lambda_arn) };
    records.iter().map(|record| Ok(Finished::new(record, End::Failed(line(record, reason)?)))).collect()
}

fn finished(
    records: &[SourceRecord],
    outcomes: Vec<Outcome>,
    attempts: u32,
    lambda_arn: &str,
) -> Result<Vec<Finished>, DeliveryError> {
    let end = |record: &SourceRecord, outcome| -> Result<End, DeliveryError> {
        Ok(match outcome {
            Outcome::Ok { data, partition_keys } => End::Deliver { data: data.into(), partition_keys },
            Outcome::Dropped => End::Dropped,
            Outcome::Failed { code, message } => {
                End::Failed(line(record, Reason { attempts, code, message, lambda_arn: Some(lambda_arn) })?)
            }
        })
    };
    records
        .iter()
        .zip(outcomes)
        .map(|(record, outcome)| Ok(Finished::new(record, end(record, outcome)?)))
        .collect()
}
