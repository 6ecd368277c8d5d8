//! What has no effect on one machine: kinds of resources, and properties of those that run.

/// The services whose resources describe what has no counterpart here: permissions, logs, alarms, catalogues
/// and how a new version takes over.
const SERVICES: [&str; 11] = [
    "AWS::ApplicationInsights::",
    "AWS::Athena::",
    "AWS::Budgets::",
    "AWS::CloudWatch::",
    "AWS::CodeDeploy::",
    "AWS::Glue::",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Logs::",
    "AWS::ResourceGroups::",
    "AWS::ServiceCatalogAppRegistry::",
];

/// Kinds of other services that have no effect by themselves.
const KINDS: [&str; 13] = [
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::VPCEndpoint",
    "AWS::Kinesis::StreamConsumer", // who reads by it names it
    "AWS::Lambda::Alias",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::Scheduler::ScheduleGroup",
];

/// Whether a resource of this kind has no effect here.
pub(super) fn is_without_effect(kind: &str) -> bool {
    KINDS.contains(&kind) || SERVICES.iter().any(|service| kind.starts_with(service))
}

/// The attributes of a resource besides its properties that are read, or have no effect here.
pub(super) const ATTRIBUTES: [&str; 11] = [
    "Condition",
    "Connectors",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "IgnoreGlobals",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// Properties of a bucket: how it is stored, and who may use it.
pub(super) const BUCKET: [&str; 17] = [
    "AccelerateConfiguration",
    "AccessControl",
    "AnalyticsConfigurations",
    "BucketEncryption",
    "CorsConfiguration",
    "IntelligentTieringConfigurations",
    "InventoryConfigurations",
    "LifecycleConfiguration",
    "LoggingConfiguration",
    "MetadataTableConfiguration",
    "MetricsConfigurations",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "Tags",
    "VersioningConfiguration",
    "WebsiteConfiguration",
    "BucketName",
];

/// Properties of a stream.
pub(super) const STREAM: [&str; 5] =
    ["DesiredShardLevelMetrics", "Name", "StreamEncryption", "Tags", "WarmThroughputObject"];

/// Properties of a function: permissions, deployment, observability, and where it runs.
pub(super) const FUNCTION: [&str; 28] = [
    "Architectures",
    "AssumeRolePolicyDocument",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "CodeSigningConfigArn",
    "DeploymentPreference",
    "Description",
    "EphemeralStorage",
    "FunctionName",
    "ImageConfig",
    "KmsKeyArn",
    "LoggingConfig",
    "PermissionsBoundary",
    "Policies",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "PublishToLatestPublished",
    "RecursiveLoop",
    "Role",
    "RolePath",
    "RuntimeManagementConfig",
    "SnapStart",
    "Tags",
    "Tracing",
    "TracingConfig",
    "VersionDescription",
    "VpcConfig",
];

/// Properties of an event source mapping.
pub(super) const MAPPING: [&str; 4] = ["KmsKeyArn", "LoggingConfig", "MetricsConfig", "Tags"];

/// Properties of a schedule: permissions, and what happens if a function can't be invoked, which does not
/// happen here.
pub(super) const SCHEDULE: [&str; 13] = [
    "DeadLetterConfig",
    "Description",
    "EventBusName",
    "FlexibleTimeWindow",
    "GroupName",
    "KmsKeyArn",
    "Name",
    "OmitName",
    "PermissionsBoundary",
    "RetryPolicy",
    "RoleArn",
    "Tags",
    "Id",
];

/// Properties of a delivery stream.
pub(super) const DELIVERY: [&str; 4] =
    ["DeliveryStreamEncryptionConfigurationInput", "DeliveryStreamName", "DeliveryStreamType", "Tags"];

/// Properties of a delivery stream's destination.
pub(super) const DESTINATION: [&str; 3] = ["CloudWatchLoggingOptions", "EncryptionConfiguration", "RoleARN"];

/// Properties of an OpenSearch destination: the domain's address, which a run is given separately, and the type names
/// of older versions.
pub(super) const SEARCH: [&str; 5] =
    ["ClusterEndpoint", "CollectionEndpoint", "DomainARN", "TypeName", "VpcConfiguration"];
