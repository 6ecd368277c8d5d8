#!/usr/bin/env python3
"""Measures how fast `kinflow tail` shows a stream that holds much: python3 bench/tail.py [KINFLOW]

KINFLOW is the command's path, `target/release/kinflow` by default. A run serves a stream; records of a size are put on it,
and one tail, held to one core, shows them from the start as they are, by polling five times a second and by fan-out. Each
line: what, the megabytes a second of wall-clock time and of processor time, the limit of 20, and whether both held; exit 1
if one did not. With polling, a shard gives 10,000 records or 10 MiB in a read, which bounds small records.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINFLOW = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target/release/kinflow")
MEGABYTES = 100
LIMIT = 20
SCHEMA = 'name = "rows"\nform = "json"\n[[fields]]\nname = "n"\ntype = "integer"\nrequired = true\n'
CASES = [(500, 4), (1_000, 1), (1_000, 4), (10_000, 1), (10_000, 4)]


def made_up(path, size):
    """Lines of JSON of this size; how many."""
    count = MEGABYTES * 1_000_000 // size
    with open(path, "w") as file:
        for n in range(count):
            line = json.dumps({"n": n, "text": ""})
            file.write(line[:-2] + "x" * (size - len(line)) + '"}\n')
    return count


def kinflow(url, *arguments, **options):
    return subprocess.run([KINFLOW, *arguments, "--endpoint-url", url], check=True, **options)


def shown(url, stream, count, how):
    """Seconds of wall-clock and of processor time of one tail on the first core."""
    command = ["taskset", "-c", "0", KINFLOW, "tail", stream, "--from", "start", "-n", str(count), "-o", "raw"]
    started = time.monotonic()
    process = subprocess.Popen([*command, *how, "--endpoint-url", url], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime


def main():
    held = True
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "rows.toml").write_text(SCHEMA)
        command = [KINFLOW, "run", "--listen", "--kinesis-port", "0", "--s3-port", "0", "--page-port", "0", "--no-open"]
        command += ["--functions", str(pathlib.Path(KINFLOW).parent), "--data-dir", str(folder / "data")]
        command += ["--parameter", "ProducerState=DISABLED"]
        run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            ready = next(line for line in run.stderr if line.startswith("ready"))
            url = next(word.rstrip(",") for word in ready.split() if word.startswith("http"))
            for size, shards in CASES:
                stream = f"of-{size}-on-{shards}"
                count = made_up(folder / "rows.jsonl", size)
                kinflow(url, "streams", "create", stream, "--shards", str(shards))
                put = ("put", str(folder / "rows.jsonl"), "--stream", stream, "--schema", str(folder / "rows.toml"))
                kinflow(url, *put, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for how in (["--reads", "5"], ["--consumer", "bench"]):
                    seconds, processor = shown(url, stream, count, how)
                    rates = MEGABYTES / seconds, MEGABYTES / processor
                    good = min(rates) >= LIMIT
                    held &= good
                    print(
                        f"{size} bytes, {shards} shards, {how[0]}: {rates[0]:.0f} MB/s, {rates[1]:.0f} MB a processor "
                        f"second (at least {LIMIT}) {'held' if good else 'NOT HELD'}",
                        flush=True,
                    )
                kinflow(url, "streams", "delete", stream, "--yes")
        finally:
            run.kill()
            run.wait()
    sys.exit(not held)


main()
