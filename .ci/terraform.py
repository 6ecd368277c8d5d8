"""Checks the example for Terraform: its form, its validity where the AWS provider can be fetched, and that its consumer is
called and allowed as the template's is."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from translation import ROOT, translated

MAIN = ROOT / "examples/terraform/main.tf"
# Each property of the template's mapping and function, and the argument that says the same.
SAME = {
    "ConsumerFunctionRecords": {
        "BatchSize": "batch_size",
        "MaximumBatchingWindowInSeconds": "maximum_batching_window_in_seconds",
        "FunctionResponseTypes": "function_response_types",
        "BisectBatchOnFunctionError": "bisect_batch_on_function_error",
        "StartingPosition": "starting_position",
    },
    "ConsumerFunction": {"MemorySize": "memory_size", "Timeout": "timeout", "Runtime": "runtime", "Handler": "handler"},
}
# What the example has not: tracing and a key of one's own.
WITHOUT = ("kms:", "xray:")


def plain(value):
    text = str(value).replace("'", '"')
    return text.lower() if isinstance(value, bool) else text.strip('"')


def actions(node):
    """Every action that the statements of a policy name."""
    if isinstance(node, dict):
        named = node.get("Action", [])
        yield from [named] if isinstance(named, str) else named
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from actions(value)


def differences():
    text = MAIN.read_text()
    resources = translated(ROOT / "pipelines/enriched.yaml")["Resources"]
    for resource, names in SAME.items():
        for name, argument in names.items():
            expected = plain(resources[resource]["Properties"][name])
            found = re.search(rf"^ +{argument} += (.+)$", text, re.M)
            if not found or found.group(1).strip('"') != expected:
                yield f"{argument} is {found and found.group(1)}, but {resource}.{name} is {expected}"
    statements = resources["ConsumerRole"]["Properties"]["Policies"]
    expected = {action for action in actions(statements) if not action.startswith(WITHOUT)}
    found = set(re.findall(r'"((?:kinesis|logs|s3):[A-Z]\w+)"', text)) - {"s3:ResourceAccount"}
    if found != expected:
        yield f"its role has the actions {sorted(found ^ expected)} more or less than the template's"


def validated(folder):
    """Terraform's own check, which asks the AWS provider what there is."""
    quiet = {**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_CLI_ARGS": "-no-color"}
    shutil.copy(MAIN, folder)
    init = ["terraform", "init", "-backend=false", "-input=false"]
    fetched = subprocess.run(init, cwd=folder, env=quiet, capture_output=True, text=True, check=False)
    if fetched.returncode:
        print("skipped: `terraform validate`, since the AWS provider can't be fetched")
        return 0
    return subprocess.run(["terraform", "validate"], cwd=folder, env=quiet, check=False).returncode


def main():
    problems = [f"{MAIN.relative_to(ROOT)}: {problem}" for problem in differences()]
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    if not shutil.which("terraform"):
        print("skipped: the form of the example for Terraform, since terraform is not installed")
        return bool(problems)
    form = subprocess.run(["terraform", "fmt", "-check", "-diff", MAIN.parent], check=False).returncode
    with tempfile.TemporaryDirectory() as folder:
        return form or validated(pathlib.Path(folder)) or bool(problems)


if __name__ == "__main__":
    sys.exit(main())
