//! Rules for buckets, which hold the results of a pipeline.

use super::streams::not_kept;
use crate::check::rule::{Found, Rule, Severity};
use crate::check::stack::{Resource, Stack, is_set, members, text, texts};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "bucket-goes-with-its-stack",
        severity: Severity::Error,
        reason: "Deleting the stack fails if the bucket has objects, and an update that replaces the bucket begins with an empty one.",
        fix: "Set DeletionPolicy: RetainExceptOnCreate and UpdateReplacePolicy: Retain.",
        source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        find: goes_with_its_stack,
    },
    Rule {
        id: "bucket-may-be-public",
        severity: Severity::Warning,
        reason: "A policy or an ACL that somebody adds later can open it to everybody.",
        fix: "Set all four members of PublicAccessBlockConfiguration to true.",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
        find: may_be_public,
    },
    Rule {
        id: "bucket-takes-plain-http",
        severity: Severity::Warning,
        reason: "Objects and keys can be read in transit.",
        fix: "Add a bucket policy that denies s3:* where aws:SecureTransport is false.",
        source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
        find: takes_plain_http,
    },
    Rule {
        id: "bucket-policy-goes-before-its-bucket",
        severity: Severity::Warning,
        reason: "The bucket outlives the stack, and its policy does not: it then accepts requests that the policy refused.",
        fix: "Give the AWS::S3::BucketPolicy the DeletionPolicy of its bucket.",
        source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        find: policy_goes_before_its_bucket,
    },
];

const BLOCKS: [&str; 4] =
    ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

fn each(stack: &Stack, find: impl Fn(Resource<'_>) -> Option<Found>) -> Vec<Found> {
    stack.of_kind(&["AWS::S3::Bucket"]).filter_map(find).collect()
}

fn goes_with_its_stack(stack: &Stack) -> Vec<Found> {
    each(stack, not_kept)
}

fn may_be_public(stack: &Stack) -> Vec<Found> {
    each(stack, |bucket| {
        let blocks = bucket.properties().get("PublicAccessBlockConfiguration");
        let open: Vec<&str> =
            BLOCKS.into_iter().filter(|name| !blocks.is_some_and(|blocks| is_set(blocks, name))).collect();
        let path = ["Properties", "PublicAccessBlockConfiguration"];
        (!open.is_empty())
            .then(|| Found::new(bucket.place, &path, format!("{} is not true", open.join(", "))))
    })
}

/// The policies of the bucket of this name.
fn policies<'s>(stack: &'s Stack, name: &'s str) -> impl Iterator<Item = Resource<'s>> {
    let policies = stack.of_kind(&["AWS::S3::BucketPolicy"]);
    policies.filter(move |policy| text(policy.properties(), "Bucket") == Some(name))
}

fn takes_plain_http(stack: &Stack) -> Vec<Found> {
    each(stack, |bucket| {
        let is_denied =
            policies(stack, stack.name(bucket.place)).any(|policy| denies_plain_http(policy.properties()));
        let what = "none of its policies denies requests without TLS".to_owned();
        (!is_denied).then(|| Found::new(bucket.place, &[], what))
    })
}

fn denies_plain_http(properties: &serde_json::Value) -> bool {
    let statements = properties.get("PolicyDocument").and_then(|document| document.get("Statement"));
    let statements = statements.and_then(serde_json::Value::as_array).into_iter().flatten();
    statements.filter(|statement| text(statement, "Effect") == Some("Deny")).any(|statement| {
        let conditions = members(statement.get("Condition")).flat_map(|(_, inner)| members(Some(inner)));
        let is_about_tls = conditions
            .filter(|(key, _)| key.eq_ignore_ascii_case("aws:SecureTransport"))
            .any(|(_, value)| !value.as_bool().unwrap_or(false) && value != "true");
        is_about_tls && texts(statement.get("Action")).iter().any(|action| ["*", "s3:*"].contains(action))
    })
}

fn policy_goes_before_its_bucket(stack: &Stack) -> Vec<Found> {
    let kept = stack.of_kind(&["AWS::S3::Bucket"]).filter(|bucket| bucket.is_kept_on("DeletionPolicy"));
    let policies = kept.flat_map(|bucket| policies(stack, stack.name(bucket.place)));
    policies
        .filter(|policy| !policy.is_kept_on("DeletionPolicy"))
        .map(|policy| {
            let what = "DeletionPolicy does not keep it, and keeps its bucket".to_owned();
            Found::new(policy.place, &["DeletionPolicy"], what)
                .mended(&["Type"], &["DeletionPolicy: RetainExceptOnCreate"])
        })
        .collect()
}
