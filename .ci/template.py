"""Checks the templates: lints them as written and as translated, looks whether `sam build` finds each function's binary
where it starts cargo, whether two stacks can live in one account, and what would be lost with a stack."""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib

from translation import ROOT, TEMPLATES, of_type, translated, written

# What is kept where a stack goes, or is replaced.
KEPT = ("AWS::Kinesis::Stream", "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::Logs::LogGroup")
# The properties by which a resource has a name of its own choice.
NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeDeploy::Application": "ApplicationName",
    "AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
    "AWS::Glue::Database": "DatabaseName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::Scheduler::ScheduleGroup": "Name",
}


def binaries():
    """The binaries of each package's folder."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    metadata = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return {
        (pathlib.Path(package["manifest_path"]).parent, target["name"])
        for package in json.loads(metadata.stdout)["packages"]
        for target in package["targets"]
        if "bin" in target["kind"]
    }


def unbuildable(path, known):
    """`sam build` runs `cargo lambda build --bin <Binary>` in CodeUri, which looks for it in that folder's package."""
    for name, function in of_type(written(path), "AWS::Serverless::Function").items():
        folder = (path.parent / function["Properties"].get("CodeUri", ".")).resolve()
        binary = function["Metadata"]["BuildProperties"]["Binary"]
        if (folder, binary) not in known:
            yield f"{name}: the package in {folder} has no binary {binary!r}, so `sam build` does not find it"


def clashes(template):
    """A physical name can be in an account once, so a second stack could not be made."""
    for name, resource in template["Resources"].items():
        chosen = resource.get("Properties", {}).get(NAMES.get(resource["Type"]))
        if chosen is not None:
            yield f"{name}: has the name {chosen!r}, which a second stack would have as well"


def losses(template):
    """What goes with the stack."""
    for name, resource in template["Resources"].items():
        if resource["Type"] in KEPT:
            if not str(resource.get("DeletionPolicy")).startswith("Retain"):
                yield f"{name}: goes with the stack, and its records or its rules with it"
            if resource.get("UpdateReplacePolicy") != "Retain":
                yield f"{name}: goes when it is replaced"


def names_in(node):
    """Every resource that a node refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref" and isinstance(value, str):
                yield value
            elif key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.split(".")[0]
            elif key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                yield from (part.split("}")[0].split(".")[0] for part in text.split("${")[1:])
                yield from names_in(value)
            else:
                yield from names_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from names_in(value)


def gaps(template):
    """A delivery stream begins with what is put after it is there, so a producer is made after it."""
    deliveries = set(of_type(template, "AWS::KinesisFirehose::DeliveryStream"))
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        if name.endswith("ProducerFunction"):
            named = function.get("DependsOn", [])
            after = {*names_in(function["Properties"]), *([named] if isinstance(named, str) else named)}
            for delivery in sorted(deliveries - after):
                yield f"{name}: may put records before {delivery} begins to read"


def misfits():
    """samconfig.toml gives values to parameters of the template, which allows them."""
    parameters = written(TEMPLATES[0])["Parameters"]
    configuration = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for stage, commands in configuration.items():
        given = commands["deploy"]["parameters"]["parameter_overrides"] if stage != "version" else ""
        for name, value in (word.split("=", 1) for word in shlex.split(given)):
            parameter = parameters.get(name, {"AllowedValues": []})
            fits = re.fullmatch(parameter.get("AllowedPattern", ".*"), value)
            allowed = [str(allowed) for allowed in parameter.get("AllowedValues", [value])]
            if "made-up" in value and stage != "demo":
                yield f"samconfig.toml, {stage}: makes up what {name} is to come from"
            if not fits or value not in allowed:
                yield f"samconfig.toml, {stage}: the template does not take {name}={value}"


def misnamed():
    """A parameter that a page tells to set, as in `RetentionHours=24`, is one of the template."""
    parameters = written(TEMPLATES[0])["Parameters"]
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for name in re.findall(r"\b([A-Z][a-z]\w+)=", path.read_text()):
            if name not in parameters:
                yield f"{path.relative_to(ROOT)}: the template has no parameter {name}"


def lint(paths):
    """cfn-lint with its informational rules, and checkov; what is left alone says why in the template."""
    cfn_lint = ["cfn-lint", "--include-checks", "I", "--template", *map(str, paths)]
    checkov = ["checkov", "--quiet", "--compact", "--skip-download", "--framework", "cloudformation"]
    checkov += [word for path in paths for word in ("--file", str(path))]
    return max(subprocess.run(command, check=False).returncode for command in (cfn_lint, checkov))


def main():
    known, problems = binaries(), [*misfits(), *misnamed()]
    with tempfile.TemporaryDirectory() as folder:
        outs = []
        for path in TEMPLATES:
            out = translated(path)
            found = [*unbuildable(path, known), *clashes(out), *losses(out), *gaps(out)]
            problems += [f"{path.relative_to(ROOT)}: {problem}" for problem in found]
            outs.append(pathlib.Path(folder) / f"{path.stem}.json")
            outs[-1].write_text(json.dumps(out))
        print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
        cfn_lint = ["cfn-lint", "--template", *map(str, outs)]
        return lint(TEMPLATES) or subprocess.run(cfn_lint, check=False).returncode or bool(problems)


if __name__ == "__main__":
    sys.exit(main())
