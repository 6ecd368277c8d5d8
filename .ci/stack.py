"""Makes the translated stack in moto's CloudFormation, in this process: references, conditions, parameters and outputs
between the templates hold, and functions, mappings, streams and roles come out as they are meant. moto knows neither
delivery streams nor schedules, so it says nothing about whether a stack can be deployed."""

import json
import sys

import boto3
from moto import mock_aws
from moto.awslambda.models import LambdaVersion
from moto.cloudformation.models import Stack
from moto.core.common_models import CloudFormationModel

from translation import ROOT, TEMPLATES, translated

REGION = "eu-west-1"
DOMAIN = "arn:aws:es:eu-west-1:123456789012:domain/search"
OPTIONS = {
    "OpenSearchDomainArn": DOMAIN,
    "OpenSearchSubnetIds": "subnet-1,subnet-2",
    "OpenSearchSecurityGroupIds": "sg-1",
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:pager",
    "AthenaTables": "true",
    "CrimeSource": '{"type":"made-up","count":5}',
    "RetentionHours": "24",
    "KeepRawDays": "30",
}


GRADUAL = {
    "GradualDeployment": "Canary10Percent5Minutes",
    "Release": "r1",
    "IcebergTable": "lake.crime",
    "IcebergLocation": "lake-files/crime",
}


class Alias(CloudFormationModel):
    """moto has aliases, and makes none from a template."""

    __module__ = "moto.awslambda.stack"  # The services are known by their modules.

    def __init__(self, arn):
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_type():
        return "AWS::Lambda::Alias"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        made = boto3.client("lambda", region_name).create_alias(**cloudformation_json["Properties"])
        return cls(made["AliasArn"])


LambdaVersion.has_cfn_attr = classmethod(lambda _, attribute: attribute == "Version")
LambdaVersion.get_cfn_attribute = lambda version, _: str(version.version)


def output(stack, attribute):
    """moto makes stacks within stacks, and does not read their outputs. One that names what moto does not know has no
    value there, and gets its own name here; one that is not declared is an error."""
    name = attribute.removeprefix("Outputs.")
    assert name in list(stack.output_map), f"{stack.name} has no output {name}"
    found = stack.output_map[name]
    return found.value if found else name


Stack.get_cfn_attribute = output


def upload():
    """Puts the translated templates where `sam package` puts them, and gives the text of the first."""
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket="packaged", CreateBucketConfiguration={"LocationConstraint": REGION})
    for path in TEMPLATES[1:]:
        s3.put_object(Bucket="packaged", Key=path.name, Body=json.dumps(translated(path)))
    template = translated(TEMPLATES[0])
    # moto knows neither CloudFormation's own checks of parameters nor groups of schedules; what has a name stands in.
    template.pop("Rules")
    template["Resources"]["ScheduleGroup"] = {"Type": "AWS::Logs::LogGroup"}
    return json.dumps(template)


def create(name, template, parameters):
    cloudformation = boto3.client("cloudformation", REGION)
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    cloudformation.create_stack(StackName=name, TemplateBody=template, Parameters=given)
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def expect(found, expected, what):
    assert found == expected, f"{what}: found {found!r}, expected {expected!r}"


def check_functions(outputs, count):
    functions = boto3.client("lambda", REGION)
    variables = [
        function["Environment"]["Variables"] for function in functions.list_functions()["Functions"]
    ]
    expect(len(variables), count, "functions")
    buckets = {each.get("OUTPUT_BUCKET", each.get("FAILURES_BUCKET")) for each in variables}
    expect(buckets, {outputs["DataBucketName"]}, "buckets of the functions")
    streams = {outputs[f"{name}StreamName"] for name in ("Crime", "Tweets", "Users")}
    expect({each["STREAM_NAME"] for each in variables if "STREAM_NAME" in each}, streams, "streams")
    expect(sorted(each["SCHEMA"] for each in variables if "DELIVERY" in each), ["tweets", "users"], "consumers")


def check_mappings(hours, tried_for, qualifier):
    mappings = boto3.client("lambda", REGION).list_event_source_mappings()["EventSourceMappings"]
    expect(len(mappings), 2, "mappings")
    called = [mapping["FunctionArn"].split(":")[7:] for mapping in mappings]
    expect(called, [qualifier, qualifier], "what the mappings call")
    for mapping in mappings:
        expect(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"], "responses")
        expect(mapping["BisectBatchOnFunctionError"], True, "bisecting")
        expect(int(mapping["MaximumRecordAgeInSeconds"]), tried_for, "age")
        assert "failuresbucket" in mapping["DestinationConfig"]["OnFailure"]["Destination"].lower(), mapping
    kinesis = boto3.client("kinesis", REGION)
    for name in kinesis.list_streams()["StreamNames"]:
        summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        expect(summary["RetentionPeriodHours"], hours, name)


def check_roles(count):
    """Each statement of each role names what is there: nothing is left unresolved."""
    iam = boto3.client("iam", REGION)
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    own = [role for role in roles if "own-work" in iam.list_role_policies(RoleName=role)["PolicyNames"]]
    expect(len(own), count, "roles")
    for role in own:
        document = iam.get_role_policy(RoleName=role, PolicyName="own-work")["PolicyDocument"]
        text = json.dumps(document)
        assert not any(rest in text for rest in ("Fn::", "Ref", "${")), f"{role}: {text}"


def check(parameters, functions, roles, hours=48, tried_for=86_400, qualifier=()):
    with mock_aws():
        outputs = create("kinflow", upload(), parameters)
        check_functions(outputs, functions)
        check_mappings(hours, tried_for, list(qualifier))
        check_roles(roles)
        return outputs


def main():
    outputs = check({}, functions=6, roles=8)
    assert "CrimeSearchDeliveryRoleArn" not in outputs
    outputs = check(OPTIONS, functions=7, roles=10, hours=24, tried_for=64_800)
    assert outputs["CrimeSearchDeliveryRoleArn"].startswith("arn:aws:iam::"), outputs
    # moto keeps the version behind the alias that a mapping names.
    check(GRADUAL, functions=7, roles=13, qualifier=["1"])
    print(f"the stack of {TEMPLATES[0].relative_to(ROOT)} is made, without options and with")
    return 0


if __name__ == "__main__":
    sys.exit(main())
