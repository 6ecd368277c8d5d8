#!/usr/bin/env python3
"""Prints the local runner's figures, measured now: python3 bench/figures.py [KINFLOW]

KINFLOW is the command's path, `target/debug/kinflow` by default. The run on real records is measured where
KINFLOW_TEST_DATA names their folder. Each line: what, the figure, its limit, and whether it held; exit 1 if one did not.
"""

import base64
import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINFLOW = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target/debug/kinflow")
ANY_PORTS = ["--kinesis-port", "0", "--s3-port", "0"]


def drained(inputs, folder):
    """Runs to the end of `inputs`; the report, the seconds, and the runner's peak memory in MB."""
    command = [KINFLOW, "run", *ANY_PORTS, "--release", "--drain", "--output", "json", "--data-dir", str(folder)]
    for data_set, path in inputs.items():
        command += ["--input", f"{data_set}={path}"]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}: {output.decode()[:2000]}")
    return json.loads(output), seconds, usage.ru_maxrss / 1024


def seconds_to_ready(folder):
    """From the start of the process to its `ready` line; the run is then ended as a person would, by Ctrl-C."""
    command = [KINFLOW, "run", "--release", *ANY_PORTS, "--data-dir", str(folder)]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("ready"):
            break
    seconds = time.monotonic() - started
    process.send_signal(signal.SIGINT)
    process.stderr.read()
    if process.wait(timeout=120) != 0:
        sys.exit(f"the drained run ended with {process.returncode}")
    return seconds


def seconds_to_redrive(folder, records):
    """Copies of a consumer's quarantine, an object each, put on the stream of a run that is at work, and noted."""
    for n in range(records):
        minute = n // 3000
        hour = folder / "s3/databucket/quarantine/users" / f"dt=2026-01-02/hour={minute % 24:02}"
        if n % 3000 == 0:
            hour.mkdir(parents=True, exist_ok=True)
        number = f"49590338271490256608559692538361571095921575989{n:09}"
        user = json.dumps({"first_name": f"n{n}", "last_name": "Example", "age": n % 90, "gender": "female"})
        copy = {"version": 1, "id": f"UsersStream:shardId-000000000000:{number}:0", "stream": "UsersStream",
                "shard_id": "shardId-000000000000", "sequence_number": number, "sub_sequence_number": None,
                "partition_key": str(n), "arrived_at_ms": 1767322999999,
                "reason": {"kind": "required", "field": "age", "message": "field age is missing"},
                "payload_base64": base64.b64encode(user.encode()).decode()}
        (hour / f"UsersStream-shardId-000000000000-{number}.json").write_text(json.dumps(copy))
    command = [KINFLOW, "run", *ANY_PORTS, "--data-dir", str(folder), "--parameter", "ProducerState=DISABLED"]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in run.stderr:
        if line.startswith("ready"):
            break
    redrive = [KINFLOW, "redrive", str(folder), "--output", "json"]
    started = time.monotonic()
    done = subprocess.run(redrive, cwd=ROOT, capture_output=True, text=True)
    seconds = time.monotonic() - started
    again = subprocess.run(redrive, cwd=ROOT, capture_output=True, text=True)
    run.kill()
    run.wait()
    account = json.loads(done.stdout) if done.returncode == 0 else sys.exit(done.stderr + done.stdout)
    redriven = sum(way["redriven"] for way in account["ways"])
    if redriven != records or json.loads(again.stdout)["doneBefore"] != records:
        sys.exit(f"{redriven} of {records} were redriven: {done.stdout[:2000]} {again.stdout[:2000]}")
    return seconds


def ms_to_help():
    """The best of twenty starts, in milliseconds: what else runs on the machine only adds to one."""
    times = []
    for _ in range(20):
        started = time.monotonic()
        subprocess.run([KINFLOW, "--help"], stdout=subprocess.DEVNULL, check=True)
        times.append((time.monotonic() - started) * 1000)
    return min(times)


def made_up_crimes(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        columns = "cdatetime,address,district,beat,grid,crimedescr,ucr_ncic_code,latitude,longitude"
        writer.writerow(columns.split(","))
        for i in range(rows):
            place = (f"{i} EXAMPLE ST", 1 + i % 6, f"{1 + i % 6}A", 100 + i % 1500)
            writer.writerow([f"1/{1 + i % 31}/06 {i % 24}:{i % 60:02}", *place, "459 PC  BURGLARY", 2204, 38.5, -121.4])


def main():
    held = True

    def figure(what, value, limit, unit):
        nonlocal held
        held &= value <= limit
        print(f"{what}: {value:.2f} {unit} (limit {limit} {unit}) {'held' if value <= limit else 'NOT HELD'}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        figure("--help, best of twenty", ms_to_help(), 10, "ms")
        figure("ready after", seconds_to_ready(folder / "ready"), 1, "s")
        made_up_crimes(folder / "crimes.csv", 20_000)
        report, seconds, memory = drained({"crime": folder / "crimes.csv"}, folder / "made-up")
        typed = report["data_sets"][0]["typed"]
        figure(f"20,000 made-up rows, {typed} typed", seconds, 30, "s")
        figure("peak memory of the runner", memory, 300, "MB")
        seconds = seconds_to_redrive(folder / "redrive", 100_000)
        figure("100,000 failed records redriven", seconds, 60, "s")
        if data := os.environ.get("KINFLOW_TEST_DATA"):
            real = {"crime": f"{data}/crime/SacramentocrimeJanuary2006.csv", "tweets": f"{data}/tweets/v1_1.jsonl"}
            report, seconds, memory = drained(real, folder / "real")
            counts = {row["name"]: (row["read"], row["typed"] + row["enriched"]) for row in report["data_sets"]}
            figure(f"real records, read and delivered {counts}", seconds, 60, "s")
            figure("peak memory of the runner", memory, 300, "MB")
        else:
            print("real records: skipped, KINFLOW_TEST_DATA names no folder")
    sys.exit(not held)


main()
