#!/usr/bin/env python3
"""Drives the local runner hard, and prints what it takes: python3 bench/load.py [PART …]

  steady   5,000 tweets/s to the consumer and 5,000 crimes/s through Firehose to the transform, at once, for
           KINFLOW_LOAD_SECONDS (300); the runner's memory must stay under 200 MB after the first minute
  big      a CSV of KINFLOW_LOAD_ROWS (10,000,000) rows by `kinflow put` and by `--input`; exit 0, under 300 MB each
  stalled  KINFLOW_LOAD_BYTES (1 GB) of tweets while the consumer is frozen, which is then let go; under 300 MB

Without a name all of them run. The command is `target/release/kinflow`, or what KINFLOW names. Each line: what, the
figure, its limit, and whether it held; exit 1 if one did not. Every part ends by itself.
"""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINFLOW = os.environ.get("KINFLOW", str(ROOT / "target/release/kinflow"))
SECONDS = int(os.environ.get("KINFLOW_LOAD_SECONDS", "300"))
ROWS = int(os.environ.get("KINFLOW_LOAD_ROWS", "10000000"))
BYTES = int(os.environ.get("KINFLOW_LOAD_BYTES", str(10**9)))
RATE = 5_000
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1"}

held = True


def figure(what, value, limit, unit, at_least=False):
    global held
    good = value >= limit if at_least else value <= limit
    held &= good
    word = "at least" if at_least else "limit"
    print(f"{what}: {value:,.2f} {unit} ({word} {limit:,} {unit}) {'held' if good else 'NOT HELD'}", flush=True)


def memory_mb(pid, what="VmRSS"):
    """Resident memory of a process as Linux tells it: now, or with `VmHWM` at its highest."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1000
    return 0.0


class Runner:
    """`kinflow run` in a folder, with its schedules at rest unless files are given."""

    def __init__(self, folder, *arguments):
        command = [KINFLOW, "run", "--functions", str(pathlib.Path(KINFLOW).parent), "--output", "json"]
        command += ["--kinesis-port", "0", "--s3-port", "0"]
        command += ["--parameter", "ProducerState=DISABLED", "--data-dir", str(folder), *arguments]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for line in self.process.stderr:
            if line.startswith("ready"):
                break
        else:
            sys.exit(f"{' '.join(command)} did not start")
        self.kinesis = next(word for word in line.split() if word.startswith("http")).rstrip(",;")
        self.peak = 0.0
        threading.Thread(target=lambda: [None for _ in self.process.stderr], daemon=True).start()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        while self.process.poll() is None:
            try:
                self.peak = max(self.peak, memory_mb(self.process.pid, "VmHWM"))
            except OSError:
                return
            time.sleep(0.2)

    def put(self, path, schema, stream, *arguments):
        command = [KINFLOW, "put", str(path), "--schema", schema, "--stream", stream, *arguments]
        environment = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL_KINESIS": self.kinesis}
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def report(self, interrupt=True):
        """Waits for the end, which Ctrl-C asks for; the exit code and the data sets of the report by name."""
        if interrupt:
            self.process.send_signal(signal.SIGINT)
        report = json.loads(self.process.stdout.read())
        status = self.process.wait()
        if status != 0:
            print(json.dumps(report.get("problems"))[:2000], flush=True)
        return status, {row["name"]: row for row in report["data_sets"]}

    def children(self, name):
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                comm, rest = path.read_text().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            if comm == name and int(rest.split()[1]) == self.process.pid:
                found.append(int(path.parent.name))
        return found


def crimes(path, rows):
    columns = "cdatetime,address,district,beat,grid,crimedescr,ucr_ncic_code,latitude,longitude"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.split(","))
        for i in range(rows):
            place = (f"{i} EXAMPLE STREET UNIT {i % 90}", 1 + i % 6, f"{1 + i % 6}A        ", 100 + i % 1500)
            about = ("10851(A)VC TAKE VEH W/O OWNER", 2404, 38.55042047, -121.3914158)
            writer.writerow([f"1/{1 + i % 31}/06 {i % 24}:{i % 60:02}", *place, *about])


def tweets(path, count, text):
    with open(path, "w") as file:
        for i in range(count):
            tweet = {
                "id_str": str(i),
                "created_at": "Fri Jul 12 16:36:27 +0000 2019",
                "full_text": f"{text} {i}",
                "lang": "en",
                "user": {"screen_name": f"example{i % 1000}"},
            }
            file.write(json.dumps(tweet) + "\n")


def steady(folder):
    count = RATE * SECONDS
    crimes(folder / "crimes.csv", count)
    tweets(folder / "tweets.jsonl", count, "What a lovely day to be on the river with good friends, number")
    runner = Runner(folder / "steady")
    puts = [
        runner.put(folder / "crimes.csv", "crime", "CrimeStream", "--rate", str(RATE)),
        runner.put(folder / "tweets.jsonl", "tweets", "TweetsStream", "--rate", str(RATE)),
    ]
    begun, later = time.monotonic(), []
    while any(put.poll() is None for put in puts):
        time.sleep(1)
        elapsed, memory = time.monotonic() - begun, memory_mb(runner.process.pid)
        if elapsed > 60:
            later.append(memory)
        if int(elapsed) % 30 == 0:
            print(f"  {elapsed:4.0f} s: {memory:.0f} MB", flush=True)
    seconds = time.monotonic() - begun
    begun = time.monotonic()
    status, sets = runner.report()
    figure("steady: exit code", status, 0, "")
    figure("steady: seconds for the puts", seconds, SECONDS * 1.05, "s")
    figure("steady: seconds from the last put to the report", time.monotonic() - begun, 60, "s")
    figure("steady: typed", sets["crime"]["typed"], count, "records", at_least=True)
    figure("steady: enriched", sets["tweets"]["enriched"], count, "records", at_least=True)
    figure("steady: memory after the first minute, highest", max(later, default=runner.peak), 200, "MB")


def big(folder):
    path = folder / "big.csv"
    crimes(path, ROWS)
    print(f"  {path.stat().st_size / 1e9:.2f} GB, {ROWS:,} rows", flush=True)
    runner = Runner(folder / "by-put")
    begun = time.monotonic()
    put = runner.put(path, "crime", "CrimeStream")
    _, status, usage = os.wait4(put.pid, 0)
    figure("big by put: exit code of put", os.waitstatus_to_exitcode(status), 0, "")
    figure("big by put: memory of put", usage.ru_maxrss / 1000, 300, "MB")
    accounted("big by put", runner, True, begun)
    accounted("big by --input", Runner(folder / "by-input", "--input", f"crime={path}", "--drain"), False, time.monotonic())


def accounted(what, runner, interrupt, begun):
    status, sets = runner.report(interrupt)
    seconds = time.monotonic() - begun
    print(f"  {what}: {seconds:.0f} s, {ROWS / seconds:,.0f} rows/s", flush=True)
    figure(f"{what}: exit code of the run", status, 0, "")
    figure(f"{what}: typed", sets["crime"]["typed"], ROWS, "records", at_least=True)
    figure(f"{what}: memory of the runner", runner.peak, 300, "MB")


def stalled(folder):
    count = BYTES // 1000
    path = folder / "stalled.jsonl"
    tweets(path, count, "What a lovely day to be on the river with good friends. " * 15)
    runner = Runner(folder / "stalled")
    put = runner.put(path, "tweets", "TweetsStream")
    while put.poll() is None:
        for child in runner.children("consumer"):
            os.kill(child, signal.SIGSTOP)
        time.sleep(0.05)
    figure("stalled: exit code of put", put.returncode, 0, "")
    figure("stalled: memory of the runner while the consumer was frozen", runner.peak, 300, "MB")
    for child in runner.children("consumer"):
        os.kill(child, signal.SIGCONT)
    status, sets = runner.report()
    figure("stalled: exit code of the run", status, 0, "")
    figure("stalled: enriched", sets["tweets"]["enriched"], count, "records", at_least=True)
    figure("stalled: memory of the runner", runner.peak, 300, "MB")


def main():
    parts = {"steady": steady, "big": big, "stalled": stalled}
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory(dir=os.environ.get("KINFLOW_LOAD_DIR")) as folder:
            parts[name](pathlib.Path(folder))
    sys.exit(not held)


main()
