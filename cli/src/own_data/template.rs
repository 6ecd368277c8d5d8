//! Writes a SAM template that runs your own data sets. Each of them gets a stream, a producer, a transform
//! and, if it has texts, a consumer.

use std::fmt::Write as _;

use serde_json::json;

/// A data set of the template.
pub(super) struct DataSet {
    /// Its name, of letters, digits, `_` and `-`.
    pub(super) name: String,
    /// The name by which the functions find its schema.
    pub(super) schema: String,
    /// Whether it has texts that a consumer enriches.
    pub(super) has_text: bool,
}

const HEAD: &str = "\
AWSTemplateFormatVersion: \"2010-09-09\"
Transform: AWS::Serverless-2016-10-31
Description: The data sets of files that `kinflow run FILE` runs on one machine.
Globals:
  Function:
    Handler: bootstrap
    Runtime: provided.al2023
    MemorySize: 512
    Timeout: 60
    Environment: { Variables: { OUTPUT_BUCKET: !Ref DataBucket } }
Resources:
  DataBucket: { Type: AWS::S3::Bucket }
";

const BLOCK: &str = "
  @IDStream:
    Type: AWS::Kinesis::Stream
    Properties: { ShardCount: 2 }
  @IDProducerFunction:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: producer }, Kinflow: { Role: producer } }
    Properties:
      CodeUri: functions/producer
      Environment: { Variables: { STREAM_NAME: !Ref @IDStream } }
      Events:
        Schedule:
          Type: ScheduleV2
          Properties: { ScheduleExpression: rate(1 hour), State: DISABLED, Input: @EVENT }
  @IDTransformFunction:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: transform }, Kinflow: { Role: transform } }
    Properties:
      CodeUri: functions/transform
      Environment: { Variables: { SCHEMA: @SCHEMA, DESTINATION: s3, FAILURES_BUCKET: !Ref DataBucket } }
  @IDDelivery:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamType: KinesisStreamAsSource
      KinesisStreamSourceConfiguration: { KinesisStreamARN: !GetAtt @IDStream.Arn }
      ExtendedS3DestinationConfiguration:
        BucketARN: !GetAtt DataBucket.Arn
        Prefix: \"typed/@NAME/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/\"
        ErrorOutputPrefix: \"failed/@NAME/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/\"
        BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 }
        CompressionFormat: GZIP
        FileExtension: .ndjson.gz
        ProcessingConfiguration:
          Enabled: true
          Processors:
            - Type: Lambda
              Parameters: [{ ParameterName: LambdaArn, ParameterValue: !GetAtt @IDTransformFunction.Arn }]
";

const CONSUMER: &str = "  @IDConsumerFunction:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: consumer }, Kinflow: { Role: consumer } }
    Properties:
      CodeUri: functions/consumer
      Environment: { Variables: { SCHEMA: @SCHEMA } }
      Events:
        Records:
          Type: Kinesis
          Properties:
            Stream: !GetAtt @IDStream.Arn
            StartingPosition: TRIM_HORIZON
            BatchSize: 1000
            MaximumRetryAttempts: 10
            MaximumRecordAgeInSeconds: 86400
            BisectBatchOnFunctionError: true
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: { OnFailure: { Type: S3, Destination: !GetAtt DataBucket.Arn } }
";

/// The template for data sets.
pub(super) fn text(sets: &[DataSet]) -> String {
    let mut out = HEAD.to_owned();
    for set in sets {
        let event = json!({"schema": set.schema, "source": {"type": "made-up", "count": 0}}).to_string();
        let block = if set.has_text { [BLOCK, CONSUMER].concat() } else { BLOCK.to_owned() };
        let block = block
            .replace("@ID", &logical_id(&set.name))
            .replace("@NAME", &set.name)
            .replace("@EVENT", &quoted(&event))
            .replace("@SCHEMA", &quoted(&set.schema));
        out.push_str(&block);
    }
    out
}

/// A logical id of letters and digits. It is the same in every run, so that a folder's streams are found
/// again. Names of data sets have no capitals, so two of them never give the same id.
fn logical_id(name: &str) -> String {
    let mut id = String::from("Own");
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c);
        } else {
            // A write to a String can't fail.
            let _ = write!(id, "X{:02X}", u32::from(c));
        }
    }
    id
}

/// A YAML text, whatever it contains.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_data_set_has_a_stream_of_its_own_and_those_with_texts_a_consumer() {
        let set = |name: &str, has_text| DataSet {
            name: name.to_owned(),
            schema: format!("/it's here/{name}.toml"),
            has_text,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, text(&[set("orders", false), set("2026-reviews", true)])).unwrap();
        let topology = ::template::read(&path, &std::collections::BTreeMap::new()).unwrap();
        assert_eq!(topology.left_out, Vec::<String>::new());
        assert_eq!((topology.streams.len(), topology.deliveries.len(), topology.mappings.len()), (2, 2, 1));
        assert_ne!(logical_id("a_b"), logical_id("ab"));
        let mut schemas: Vec<&str> = topology
            .functions
            .iter()
            .filter_map(|function| function.variables.get("SCHEMA").map(String::as_str))
            .collect();
        schemas.sort_unstable();
        let (orders, reviews) = ("/it's here/orders.toml", "/it's here/2026-reviews.toml");
        assert_eq!(schemas, [reviews, reviews, orders]);
        assert!(topology.schedules.iter().all(|schedule| !schedule.enabled));
    }
}
