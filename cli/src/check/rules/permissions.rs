//! Rules for roles: permissions that they lack, and permissions that are too wide.

use serde_json::Value;

use super::deliveries::{Destination, destinations, parameter, processor};
use crate::check::policy::{Statement, allowed, allows, allows_below, is_whole};
use crate::check::rule::{Found, Rule, Severity};
use crate::check::stack::{Resource, Stack, members, text, texts};

const LEAST: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html";
const FIREHOSE: &str = "https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "role-may-do-everything-of-a-service",
        severity: Severity::Error,
        reason: "Whoever takes over the function can delete streams and buckets, and let others in.",
        fix: "Name the actions that are called.",
        source: LEAST,
        find: may_do_everything,
    },
    Rule {
        id: "role-reaches-every-resource",
        severity: Severity::Warning,
        reason: "The role also reaches resources of others in the account.",
        fix: "Name the resources by their ARNs.",
        source: LEAST,
        find: reaches_every_resource,
    },
    Rule {
        id: "role-reaches-buckets-of-other-accounts",
        severity: Severity::Warning,
        reason: "The name of a deleted bucket is free, and whoever takes it gets the objects.",
        fix: "Add Condition: {StringEquals: {s3:ResourceAccount: !Ref AWS::AccountId}}.",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html",
        find: reaches_other_accounts,
    },
    Rule {
        id: "role-can-not-read-its-stream",
        severity: Severity::Error,
        reason: "The mapping or the delivery stream can't be created, or reads nothing.",
        fix: "Allow kinesis:DescribeStream, GetRecords, GetShardIterator and ListShards on the stream.",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html",
        find: can_not_read,
    },
    Rule {
        id: "role-can-not-keep-what-is-given-up",
        severity: Severity::Error,
        reason: "Lambda writes batches that it gives up with the function's role; without the permission they are lost.",
        fix: "Allow s3:PutObject below aws/lambda/ and s3:ListBucket on the bucket, sqs:SendMessage or sns:Publish.",
        source: "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html",
        find: can_not_keep,
    },
    Rule {
        id: "role-can-not-write-its-output",
        severity: Severity::Error,
        reason: "Every batch fails until it is given up.",
        fix: "Allow s3:PutObject on the keys of the bucket, or kinesis:PutRecords on the stream.",
        source: LEAST,
        find: can_not_write,
    },
    Rule {
        id: "role-can-not-deliver",
        severity: Severity::Error,
        reason: "Firehose holds the records back and tries for a day, then they are lost.",
        fix: "Allow s3:PutObject and s3:AbortMultipartUpload on the keys, s3:ListBucket and s3:GetBucketLocation on the bucket.",
        source: FIREHOSE,
        find: can_not_deliver,
    },
    Rule {
        id: "role-can-not-transform",
        severity: Severity::Error,
        reason: "Every buffer of the delivery stream goes to its error prefix.",
        fix: "Allow lambda:InvokeFunction and lambda:GetFunctionConfiguration on the function and on its versions (`:*`).",
        source: FIREHOSE,
        find: can_not_transform,
    },
];

/// Actions that have no resource, or that Firehose needs before there is one.
const WITHOUT_RESOURCE: [&str; 12] = [
    "xray:",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:Describe",
    "cloudwatch:PutMetricData",
    "comprehend:",
    "kinesis:ListStreams",
    "logs:DescribeLogGroups",
    "s3:ListAllMyBuckets",
    "sts:GetCallerIdentity",
    "tag:",
    "kafka:List",
];
const READS: [&str; 4] =
    ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"];

fn roles(stack: &Stack) -> impl Iterator<Item = Resource<'_>> {
    stack.of_kind(&["AWS::IAM::Role"])
}

fn each(stack: &Stack, find: impl Fn(&Statement<'_>) -> Option<String>) -> Vec<Found> {
    let mut found = Vec::new();
    for role in roles(stack) {
        for statement in allowed(&role) {
            let path: Vec<&str> = statement.path.iter().map(String::as_str).collect();
            found.extend(find(&statement).map(|what| Found::new(role.place, &path, what)));
        }
    }
    found
}

fn may_do_everything(stack: &Stack) -> Vec<Found> {
    let mut found = each(stack, |statement| {
        let actions = statement.actions();
        let wide: Vec<&&str> =
            actions.iter().filter(|action| **action == "*" || action.ends_with(":*")).collect();
        let first = wide.first().filter(|action| !action.starts_with("xray:"))?;
        Some(format!("it allows {first}"))
    });
    for role in roles(stack) {
        for arn in texts(role.properties().get("ManagedPolicyArns")) {
            if arn.ends_with("/AdministratorAccess") || arn.ends_with("FullAccess") {
                let what = format!("it has the managed policy {arn}");
                found.push(Found::new(role.place, &["Properties", "ManagedPolicyArns"], what));
            }
        }
    }
    found
}

fn reaches_every_resource(stack: &Stack) -> Vec<Found> {
    each(stack, |statement| {
        let takes_one = |action: &&&str| !WITHOUT_RESOURCE.iter().any(|start| action.starts_with(start));
        let actions = statement.actions();
        let first = actions.iter().find(takes_one)?;
        statement.resources().contains(&"*").then(|| format!("it allows {first} on every resource"))
    })
}

fn reaches_other_accounts(stack: &Stack) -> Vec<Found> {
    each(stack, |statement| {
        let is_of_s3 = statement.actions().iter().any(|action| action.starts_with("s3:"));
        let conditions = members(statement.node.get("Condition")).flat_map(|(_, inner)| members(Some(inner)));
        let mut keys = conditions.map(|(key, _)| key);
        let is_bound = keys.any(|key| key.eq_ignore_ascii_case("s3:ResourceAccount"));
        (is_of_s3 && !is_bound).then(|| "it has no condition on s3:ResourceAccount".to_owned())
    })
}

/// Reports the needed actions that a role lacks, if all of its permissions are in the template.
fn lacks(role: Option<Resource<'_>>, needed: &[(&str, String)]) -> Option<Found> {
    let role = role.filter(is_whole)?;
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(action, resource)| !allows(&role, action, resource))
        .map(|(action, _)| *action)
        .collect();
    let (_, resource) = needed.first()?;
    (!missing.is_empty()).then(|| {
        let what = format!("it does not allow {} on {resource}", missing.join(", "));
        Found::new(role.place, &["Properties", "Policies"], what)
    })
}

fn role_of<'s>(stack: &'s Stack, node: &Value, name: &str) -> Option<Resource<'s>> {
    stack.role(text(node, name)?)
}

fn can_not_read(stack: &Stack) -> Vec<Found> {
    let needed = |stream: &str| READS.map(|action| (action, stream.to_owned()));
    let mappings = stack.mappings().into_iter().filter_map(|mapping| {
        lacks(role_of(stack, mapping.function?.properties(), "Role"), &needed(&mapping.stream))
    });
    let deliveries = stack.of_kind(&["AWS::KinesisFirehose::DeliveryStream"]).filter_map(|delivery| {
        let source = delivery.properties().get("KinesisStreamSourceConfiguration")?;
        lacks(role_of(stack, source, "RoleARN"), &needed(text(source, "KinesisStreamARN")?))
    });
    mappings.chain(deliveries).collect()
}

fn can_not_keep(stack: &Stack) -> Vec<Found> {
    let mappings = stack.mappings();
    let found = mappings.iter().filter_map(|mapping| {
        let to = text(mapping.properties.get("DestinationConfig")?.get("OnFailure")?, "Destination")?;
        let needed = match to.split(':').nth(2)? {
            "s3" => vec![
                ("s3:PutObject", format!("{to}/aws/lambda/id/shard/object")),
                ("s3:ListBucket", to.to_owned()),
            ],
            "sqs" => vec![("sqs:SendMessage", to.to_owned())],
            "sns" => vec![("sns:Publish", to.to_owned())],
            _ => return None,
        };
        lacks(role_of(stack, mapping.function?.properties(), "Role"), &needed)
    });
    found.collect()
}

fn can_not_write(stack: &Stack) -> Vec<Found> {
    let mut found = Vec::new();
    for function in stack.functions() {
        let properties = function.properties();
        let variables = properties.get("Environment").and_then(|environment| environment.get("Variables"));
        let Some((variables, role)) = variables.zip(role_of(stack, properties, "Role").filter(is_whole))
        else {
            continue;
        };
        let bucket =
            text(variables, "OUTPUT_BUCKET").map(|name| ("s3:PutObject", format!("arn:aws:s3:::{name}/")));
        let stream = text(variables, "STREAM_NAME").and_then(|name| {
            let arn = format!("arn:aws:kinesis:{}:{}:stream/{name}", template::REGION, template::ACCOUNT);
            stack.stream(name).map(|_| ("kinesis:PutRecords", arn))
        });
        for (action, start) in bucket.into_iter().chain(stream) {
            if !allows_below(&role, action, &start) {
                let what = format!("it does not allow {action} on anything of {start}");
                found.push(Found::new(role.place, &["Properties", "Policies"], what));
            }
        }
    }
    found
}

fn can_not_deliver(stack: &Stack) -> Vec<Found> {
    let found = destinations(stack);
    let found = found.iter().filter_map(|destination| {
        let s3 = destination.node.get("S3Configuration").unwrap_or(destination.node);
        let (bucket, prefix) = (text(s3, "BucketARN")?, text(s3, "Prefix").unwrap_or(""));
        // The prefix is used up to its first expression, whose value is not known here.
        let prefix = prefix.split("!{").next().unwrap_or("");
        let key = format!("{bucket}/{prefix}object");
        let needed = [
            ("s3:PutObject", key.clone()),
            ("s3:AbortMultipartUpload", key),
            ("s3:ListBucket", bucket.to_owned()),
            ("s3:GetBucketLocation", bucket.to_owned()),
        ];
        lacks(role_of(stack, s3, "RoleARN"), &needed)
    });
    found.collect()
}

fn can_not_transform(stack: &Stack) -> Vec<Found> {
    let found = destinations(stack);
    let found = found.iter().filter_map(|destination: &Destination<'_>| {
        let lambda = processor(destination, "Lambda")?;
        let arn = parameter(lambda, "LambdaArn")?.as_str()?;
        let arn = arn.strip_suffix(":$LATEST").unwrap_or(arn);
        // Firehose calls an alias by its ARN alone.
        let is_alias = arn.split_once(":function:").is_some_and(|(_, name)| name.contains(':'));
        let version = if is_alias { arn.to_owned() } else { format!("{arn}:$LATEST") };
        let needed = [
            ("lambda:InvokeFunction", arn.to_owned()),
            ("lambda:InvokeFunction", version.clone()),
            ("lambda:GetFunctionConfiguration", version),
        ];
        lacks(role_of(stack, destination.node, "RoleARN"), &needed)
    });
    found.collect()
}
