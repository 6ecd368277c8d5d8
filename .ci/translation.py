"""The templates, as written and as the SAM translator leaves them for CloudFormation."""

import os
import pathlib

from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# The translator and the lints want one; which it is makes no difference.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATES = [ROOT / "template.yaml", *sorted((ROOT / "pipelines").glob("*.yaml"))]


class NoManagedPolicies(ManagedPolicyLoader):
    """The templates name no managed policy, so none is looked up over the network."""

    def __init__(self):
        super().__init__(None)

    def load(self):
        return {}


def written(path):
    return yaml_parse(path.read_text())


def of_type(template, kind):
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def translated(path, location=lambda path: f"https://packaged.s3.amazonaws.com/{path.name}"):
    """`location` gives the address that `sam package` gives the template of an application."""
    template = written(path)
    for function in of_type(template, "AWS::Serverless::Function").values():
        # What `sam build` and `sam package` put in place of the local folder.
        function["Properties"]["CodeUri"] = "s3://packaged/bootstrap.zip"
    for application in of_type(template, "AWS::Serverless::Application").values():
        application["Properties"]["Location"] = location(path.parent / application["Properties"]["Location"])
    return transform(template, {}, NoManagedPolicies()) if "Transform" in template else template
