"""Checks template.yaml: lints it as written and as the SAM translator leaves it for CloudFormation, looks whether
`sam build` finds each function's binary where it starts cargo, and whether two stacks can live in one account."""

import json
import pathlib
import subprocess
import sys
import tempfile

from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"


class NoManagedPolicies(ManagedPolicyLoader):
    """The template names no managed policy, so none is looked up over the network."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {}


def lint(path):
    return subprocess.run(["cfn-lint", "--template", str(path)], check=False).returncode


def unbuildable(functions):
    """`sam build` runs `cargo lambda build --bin <Binary>` in CodeUri, which looks for it in that folder's package."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, check=True, capture_output=True
    )
    binaries = {
        (pathlib.Path(package["manifest_path"]).parent, target["name"])
        for package in json.loads(metadata.stdout)["packages"]
        for target in package["targets"]
        if "bin" in target["kind"]
    }
    for name, function in functions.items():
        folder = ROOT / function["Properties"].get("CodeUri", ".")
        binary = function["Metadata"]["BuildProperties"]["Binary"]
        if (folder, binary) not in binaries:
            yield f"{name}: the package in {folder} has no binary {binary!r}, so `sam build` does not find it"


def clashes(translated):
    """A physical name of a resource can be in an account once, so a second stack could not be made."""
    for name, resource in translated["Resources"].items():
        if resource["Type"] == "AWS::Scheduler::Schedule" and "Name" in resource["Properties"]:
            yield f"{name}: has the name {resource['Properties']['Name']!r}, which a second stack would have as well"


def losses(translated):
    """What goes with the stack, or passes a delivery stream before that begins to read."""
    for name, resource in translated["Resources"].items():
        if resource["Type"] in ("AWS::Kinesis::Stream", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"):
            if not str(resource.get("DeletionPolicy")).startswith("Retain"):
                yield f"{name}: goes with the stack, and its records or its rules with it"
            if resource.get("UpdateReplacePolicy") != "Retain":
                yield f"{name}: goes when it is replaced"
    for data_set, delivery in (("Crime", "CrimeDelivery"), ("Tweets", "TweetsRawDelivery")):
        if delivery not in translated["Resources"][f"{data_set}ProducerFunction"].get("DependsOn", []):
            yield f"{data_set}ProducerFunction: may put rows before {delivery} begins to read"


def main():
    template = yaml_parse(TEMPLATE.read_text())
    functions = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    problems = list(unbuildable(functions))
    for function in functions.values():
        # What `sam build` and `sam package` put in place of the local folder.
        function["Properties"]["CodeUri"] = "s3://packaged/bootstrap.zip"
    translated = transform(template, {}, NoManagedPolicies())
    problems += [*clashes(translated), *losses(translated)]
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "translated.json"
        out.write_text(json.dumps(translated))
        return lint(TEMPLATE) or lint(out) or bool(problems)


sys.exit(main())
