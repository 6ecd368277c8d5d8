"""S3 as the AWS CLI sees it. Arguments: the endpoint's URL and the folder it serves."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "eu-west-1"}


def aws(*arguments):
    command = [sys.executable, "-m", "awscli", *arguments, "--endpoint-url", sys.argv[1]]
    ran = subprocess.run(map(str, command), env={**os.environ, **CREDENTIALS}, capture_output=True, text=True)
    assert ran.returncode == 0, f"{arguments}: {ran.stderr}"
    return ran.stdout


def lines(text):
    return [line for line in text.splitlines() if line and not line.startswith("Completed")]


served = pathlib.Path(sys.argv[2])
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    big = bytes(range(256)) * 40_000  # over 8 MB: goes up and comes down in parts
    (folder / "up" / "a").mkdir(parents=True)
    (folder / "up" / "big").write_bytes(big)
    (folder / "up" / "a" / "b c+d.txt").write_text("small")
    aws("s3", "mb", "s3://cli")
    aws("s3", "sync", folder / "up", "s3://cli/in")
    assert (served / "cli" / "in" / "big").read_bytes() == big
    assert lines(aws("s3", "sync", folder / "up", "s3://cli/in")) == [], "a second sync has nothing to do"
    listed = [line.split(maxsplit=3)[3] for line in aws("s3", "ls", "--recursive", "s3://cli").splitlines()]
    assert listed == ["in/a/b c+d.txt", "in/big"], listed
    assert "PRE in/" in aws("s3", "ls", "s3://cli")
    aws("s3", "cp", "s3://cli/in/big", "s3://cli/copy")
    aws("s3", "cp", "s3://cli/copy", folder / "down")
    assert (folder / "down").read_bytes() == big
    head = json.loads(aws("s3api", "head-object", "--bucket", "cli", "--key", "copy", "--output", "json"))
    assert head["ContentLength"] == len(big), head
    aws("s3", "mv", "s3://cli/in/a/b c+d.txt", "s3://cli/moved.txt")
    assert (served / "cli" / "moved.txt").read_text() == "small"
    assert not (served / "cli" / "in" / "a").exists()
    aws("s3", "rb", "--force", "s3://cli")
    assert not (served / "cli").exists()
print("all rules hold")
