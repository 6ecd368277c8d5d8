"""Kinesis as the AWS CLI sees it. One argument: the endpoint's URL."""

import base64
import json
import os
import subprocess
import sys

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "eu-west-1"}


def aws(*arguments):
    command = [sys.executable, "-m", "awscli", "kinesis", *arguments, "--endpoint-url", sys.argv[1], "--output", "json"]
    ran = subprocess.run(command, env={**os.environ, **CREDENTIALS}, capture_output=True, text=True)
    assert ran.returncode == 0, f"{arguments}: {ran.stderr}"
    return json.loads(ran.stdout or "null")


aws("create-stream", "--stream-name", "cli", "--shard-count", "2")
shards = [shard["ShardId"] for shard in aws("list-shards", "--stream-name", "cli")["Shards"]]
assert shards == ["shardId-000000000000", "shardId-000000000001"], shards
record = {"Data": "ünïcode | row\n", "PartitionKey": "k"}  # version 1 of the CLI takes text as it is
put = aws("put-records", "--stream-name", "cli", "--records", json.dumps([record] * 3))
assert put["FailedRecordCount"] == 0, put
shard = put["Records"][0]["ShardId"]
start = ["--stream-name", "cli", "--shard-id", shard, "--shard-iterator-type", "TRIM_HORIZON"]
iterator = aws("get-shard-iterator", *start)["ShardIterator"]
read = aws("get-records", "--shard-iterator", iterator)["Records"]
assert [r["SequenceNumber"] for r in read] == [r["SequenceNumber"] for r in put["Records"]], read
assert all(base64.b64decode(r["Data"]).decode() == "ünïcode | row\n" for r in read), read
assert "cli" in aws("list-streams")["StreamNames"]
print("all rules hold")
