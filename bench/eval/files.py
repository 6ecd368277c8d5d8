"""Texts in and out of `kinflow enrich`, for the evaluation."""
import json
import os
import subprocess

DATA = os.environ["KINFLOW_TEST_DATA"]
SCORERS = os.environ["KINFLOW_SCORERS"]
KINFLOW = os.environ["KINFLOW"]


def rated(name):
    """(id, text) of every line of a sentiment file."""
    with open(f"{DATA}/sentiment/{name}.tsv", encoding="utf-8", newline="\n") as file:
        for line in file.read().split("\n")[1:]:
            if line:
                identifier, _, text = line.split("\t")
                yield identifier, text


def keyed(name):
    """(id, text) of every document of a keyword file."""
    with open(f"{DATA}/keywords/{name}.dev.jsonl", encoding="utf-8") as file:
        for line in file:
            document = json.loads(line)
            yield document["id"], document["text"]


def enrich(texts, *options):
    """What `kinflow enrich` says of each text, as (id, answer); and the CPU seconds it took."""
    lines = "".join(json.dumps({"id": i, "text": t, "language": "en"}) + "\n" for i, t in texts)
    before = os.times()
    run = subprocess.run([KINFLOW, "enrich", "-", *options], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return [(answer["id"], answer) for answer in map(json.loads, run.stdout.splitlines())], seconds


def write(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
