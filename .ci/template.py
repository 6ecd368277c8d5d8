"""Lints template.yaml twice: as written, and as the SAM translator leaves it for CloudFormation."""

import json
import pathlib
import subprocess
import sys
import tempfile

from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = pathlib.Path(__file__).resolve().parent.parent / "template.yaml"


class NoManagedPolicies(ManagedPolicyLoader):
    """The template names no managed policy, so none is looked up over the network."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {}


def lint(path):
    return subprocess.run(["cfn-lint", "--template", str(path)], check=False).returncode


def main():
    template = yaml_parse(TEMPLATE.read_text())
    for resource in template["Resources"].values():
        # What `sam build` and `sam package` put in place of the local folder.
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://packaged/bootstrap.zip"
    template["Globals"]["Function"].pop("CodeUri", None)
    translated = transform(template, {}, NoManagedPolicies())
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "translated.json"
        out.write_text(json.dumps(translated))
        return lint(TEMPLATE) or lint(out)


sys.exit(main())
