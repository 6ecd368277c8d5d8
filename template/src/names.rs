//! The names that `CloudFormation` gives a resource: its physical name, its ARN and its other attributes.

use serde_json::Value;
use uuid::Uuid;

use super::applications::is_application;
use super::scope::{ACCOUNT, REGION, Scope};
use super::stop::{Read, Stop};

/// How many characters a bucket's name may have.
const BUCKET_NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=63;

/// The kinds whose ARN is not `arn:aws:<service>:<region>:<account>:<kind>/<name>`, with the service and what
/// precedes the name.
const ARNS: [(&str, &str, &str); 14] = [
    ("AWS::DynamoDB::Table", "dynamodb", "table/"),
    ("AWS::Kinesis::Stream", "kinesis", "stream/"),
    ("AWS::KinesisFirehose::DeliveryStream", "firehose", "deliverystream/"),
    ("AWS::Lambda::Function", "lambda", "function:"),
    ("AWS::Lambda::LayerVersion", "lambda", "layer:"),
    ("AWS::Logs::LogGroup", "logs", "log-group:"),
    ("AWS::SNS::Topic", "sns", ""),
    ("AWS::SQS::Queue", "sqs", ""),
    ("AWS::SecretsManager::Secret", "secretsmanager", "secret:"),
    ("AWS::Serverless::Function", "lambda", "function:"),
    ("AWS::Serverless::LayerVersion", "lambda", "layer:"),
    ("AWS::Serverless::SimpleTable", "dynamodb", "table/"),
    ("AWS::Serverless::StateMachine", "states", "stateMachine:"),
    ("AWS::StepFunctions::StateMachine", "states", "stateMachine:"),
];

/// The kinds for which `Ref` gives the ARN.
const NAMED_BY_ARN: [&str; 9] = [
    "AWS::Kinesis::StreamConsumer",
    "AWS::Lambda::LayerVersion",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
    "AWS::Serverless::Application",
    "AWS::Serverless::LayerVersion",
    "AWS::Serverless::StateMachine",
    "AWS::StepFunctions::StateMachine",
    "AWS::CloudFormation::Stack",
];

impl Scope {
    /// What `Ref` gives for a resource.
    pub(super) fn resource_reference(&self, name: &str, place: &str) -> Read<String> {
        // `Function.Alias` and `Function.Version` are SAM's own.
        let logical_id = name.strip_suffix(".Alias").or(name.strip_suffix(".Version")).unwrap_or(name);
        match self.kind(logical_id) {
            "AWS::SQS::Queue" => {
                let name = self.physical_name(logical_id, place)?;
                Ok(format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"))
            }
            "AWS::Lambda::Alias" => {
                let function = self.written_property(logical_id, "FunctionName")?;
                let alias = self.written_property(logical_id, "Name")?;
                Ok(format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}:{alias}", function_of(&function)))
            }
            kind if NAMED_BY_ARN.contains(&kind) || logical_id != name => self.arn(logical_id, place),
            _ => self.physical_name(logical_id, place),
        }
    }

    /// The name that the template gives a resource, or else one made of its logical id, after those of the
    /// applications around it.
    pub(super) fn physical_name(&self, logical_id: &str, place: &str) -> Read<String> {
        let Some(resource) = self.resource(logical_id) else {
            let made_by_sam = self.is_made_by_sam(logical_id);
            return if made_by_sam {
                Ok(self.home.name(logical_id))
            } else {
                Err(self.leads_nowhere(logical_id, place))
            };
        };
        let kind = self.kind(logical_id);
        let property = name_property(kind);
        let named = match resource.get("Properties").and_then(|properties| properties.get(property)) {
            Some(node) => self.own_name(logical_id, node, &format!("{logical_id}.Properties.{property}"))?,
            None => None,
        };
        Ok(match named {
            Some(name) => name,
            None if kind == "AWS::S3::Bucket" => self.bucket_name(logical_id),
            None => self.home.name(logical_id),
        })
    }

    fn own_name(&self, logical_id: &str, node: &Value, place: &str) -> Read<Option<String>> {
        if self.naming.borrow().iter().any(|named| named == logical_id) {
            return Err(Stop::malformed(place, "a name refers to itself"));
        }
        self.naming.borrow_mut().push(logical_id.to_owned());
        let name = self.resolve(node, place);
        self.naming.borrow_mut().pop();
        match name? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(name)) if !name.is_empty() => Ok(Some(name)),
            Some(other) => Err(Stop::malformed(place, format!("expected a name, found {other}"))),
        }
    }

    /// A name that S3 accepts. Such names have no capitals, so logical ids that differ only in capitals are
    /// told apart.
    fn bucket_name(&self, logical_id: &str) -> String {
        let name = self.home.name(logical_id);
        let lower = name.to_ascii_lowercase();
        let buckets = self.section("Resources").and_then(Value::as_object).into_iter().flatten();
        let is_taken = buckets
            .filter(|(id, _)| id.as_str() != logical_id && self.kind(id) == "AWS::S3::Bucket")
            .any(|(id, _)| id.eq_ignore_ascii_case(logical_id));
        let is_plain = lower.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_plain && !is_taken && BUCKET_NAME_CHARS.contains(&lower.len()) {
            return lower;
        }
        let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string();
        format!("b{plain}-{}", hash.get(..8).unwrap_or_default())
    }

    /// Whether SAM makes this resource for one in the template: a function's role, its mapping, or an
    /// implicit API.
    fn is_made_by_sam(&self, logical_id: &str) -> bool {
        let resources = self.section("Resources").and_then(Value::as_object).into_iter().flatten();
        let mut functions = resources.filter(|(id, _)| self.kind(id) == "AWS::Serverless::Function");
        matches!(logical_id, "ServerlessRestApi" | "ServerlessHttpApi")
            || functions.any(|(id, _)| logical_id.len() > id.len() && logical_id.starts_with(id.as_str()))
    }

    fn arn(&self, logical_id: &str, place: &str) -> Read<String> {
        let name = self.physical_name(logical_id, place)?;
        let kind = self.kind(logical_id);
        if let Some((_, service, before)) = ARNS.iter().find(|(of, ..)| *of == kind) {
            return Ok(format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{before}{name}"));
        }
        Ok(match kind {
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
            // Only SAM's translation shows this resource, which is most often a function's role.
            "" | "AWS::IAM::Role" => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "AWS::Kinesis::StreamConsumer" => {
                format!("{}/consumer/{name}:1", self.written_property(logical_id, "StreamARN")?)
            }
            _ => {
                let mut parts = kind.split("::").skip(1).map(str::to_ascii_lowercase);
                let (service, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{name}")
            }
        })
    }

    /// A property of a resource that names another one.
    fn written_property(&self, logical_id: &str, property: &str) -> Read<String> {
        let place = format!("{logical_id}.Properties.{property}");
        let properties = self.resource(logical_id).and_then(|resource| resource.get("Properties"));
        let node = properties.and_then(|properties| properties.get(property));
        let node = node.ok_or_else(|| Stop::malformed(&place, "is required"))?;
        Ok(self.resolve(node, &place)?.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// What `GetAtt` gives: the names, ARNs and addresses that AWS derives from a name.
    pub(super) fn attribute(&self, logical_id: &str, attribute: &str, place: &str) -> Read<String> {
        if let Some(output) = attribute.strip_prefix("Outputs.")
            && is_application(self.kind(logical_id))
        {
            return self.application(logical_id)?.output(logical_id, output, place);
        }
        let name = self.physical_name(logical_id, place)?;
        Ok(match (self.kind(logical_id), attribute) {
            ("AWS::Logs::LogGroup", "Arn") => format!("{}:*", self.arn(logical_id, place)?),
            (_, "Arn" | "ConsumerARN" | "TopicArn" | "LayerVersionArn") => self.arn(logical_id, place)?,
            (_, "QueueName" | "TopicName" | "Name" | "ConsumerName" | "FunctionName") => name,
            ("AWS::SQS::Queue", "QueueUrl") => self.resource_reference(logical_id, place)?,
            ("AWS::S3::Bucket", "DomainName") => format!("{name}.s3.amazonaws.com"),
            ("AWS::S3::Bucket", "RegionalDomainName" | "DualStackDomainName") => {
                format!("{name}.s3.{REGION}.amazonaws.com")
            }
            ("AWS::S3::Bucket", "WebsiteURL") => format!("http://{name}.s3-website-{REGION}.amazonaws.com"),
            ("AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable", "StreamArn") => {
                format!("{}/stream/2000-01-01T00:00:00.000", self.arn(logical_id, place)?)
            }
            ("AWS::IAM::Role", "RoleId") => "AROA00000000000000000".to_owned(),
            ("AWS::Lambda::Version", "Version") => "1".to_owned(),
            ("AWS::Kinesis::Stream", "StreamId") => format!("{ACCOUNT}:{name}"),
            _ => {
                let reason = format!("GetAtt {logical_id}.{attribute} has no value on this machine");
                return Err(Stop::left_out(place, reason));
            }
        })
    }
}

/// The property in which a template names a resource of this kind.
fn name_property(kind: &str) -> &'static str {
    match kind {
        "AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable" => "TableName",
        "AWS::IAM::Role" => "RoleName",
        "AWS::Kinesis::StreamConsumer" => "ConsumerName",
        "AWS::KinesisFirehose::DeliveryStream" => "DeliveryStreamName",
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => "FunctionName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        "AWS::S3::Bucket" => "BucketName",
        "AWS::SNS::Topic" => "TopicName",
        "AWS::SQS::Queue" => "QueueName",
        _ => "Name",
    }
}

/// The function that an ARN, or a part of one, names, without its version or alias.
pub(super) fn function_of(arn: &str) -> &str {
    let (_, name) = arn.split_once("function:").unwrap_or(("", arn));
    name.split(':').next().unwrap_or(name)
}

/// The stream that a Kinesis ARN names, and its fan-out consumer if the ARN names one, as `name:time`.
pub(super) fn stream_of(arn: &str) -> Option<(&str, Option<&str>)> {
    let (_, path) = arn.strip_prefix("arn:")?.split_once(":kinesis:")?;
    let (_, path) = path.split_once(":stream/")?;
    match path.split_once("/consumer/") {
        Some((stream, consumer)) => Some((stream, Some(consumer))),
        None => Some((path, None)),
    }
}

/// The layer that an ARN names, if it is one of the template's. The ARN of a layer in an account has a version.
pub(super) fn layer_of(arn: &str) -> Option<&str> {
    let name = arn.strip_prefix("arn:aws:lambda:")?.split_once(":layer:")?.1;
    (!name.contains(':')).then_some(name)
}

/// The bucket an ARN of S3 names.
pub(super) fn bucket_of(arn: &str) -> Option<&str> {
    let (partition, bucket) = arn.strip_prefix("arn:")?.split_once(":s3:::")?;
    (!partition.contains(':')).then_some(bucket)
}

/// The last name of a path.
pub(super) fn last_segment(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use serde_json::json;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_logical_id_makes_a_bucket_name_of_its_own_that_s3_takes() {
        let long = "b".repeat(64);
        let ids = ["B", "aB", "DataBucket", "Two", "TWO", "two", long.as_str(), "a"];
        let buckets: serde_json::Map<_, _> =
            ids.iter().map(|id| ((*id).to_owned(), json!({"Type": "AWS::S3::Bucket"}))).collect();
        let document = json!({ "Resources": buckets });
        let scope = Scope::new(document, &BTreeMap::new(), Home::default()).unwrap();
        let names: BTreeSet<String> = ids.iter().map(|id| scope.physical_name(id, "here").unwrap()).collect();
        assert_eq!(names.len(), ids.len(), "{names:?}");
        assert!(names.contains("databucket"));
        for name in names {
            assert!(BUCKET_NAME_CHARS.contains(&name.len()), "{name}");
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
        }
    }

    #[test]
    fn a_name_that_refers_to_itself_ends() {
        let bucket = json!({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "${B}-x"}}});
        let document = json!({"Resources": {"B": bucket}});
        let scope = Scope::new(document, &BTreeMap::new(), Home::default()).unwrap();
        assert!(matches!(scope.physical_name("B", "here"), Err(Stop::Malformed(_))));
    }

    #[test]
    fn arns_are_read_back() {
        let stream = "arn:aws:kinesis:us-east-1:000000000000:stream/S";
        assert_eq!(stream_of(stream), Some(("S", None)));
        assert_eq!(stream_of(&format!("{stream}/consumer/C:1")), Some(("S", Some("C:1"))));
        assert_eq!(stream_of("arn:aws:sqs:us-east-1:000000000000:Q"), None);
        assert_eq!(function_of("arn:aws:lambda:us-east-1:000000000000:function:F:live"), "F");
        assert_eq!(function_of("F"), "F");
        assert_eq!(bucket_of("arn:aws-cn:s3:::data"), Some("data"));
        assert_eq!(bucket_of("data"), None);
    }
}
