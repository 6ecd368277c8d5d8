"""How many lines a second `kinflow put --follow` puts while it has one core: `python3 bench/follow.py [LINES]`.

The follower is held to one core and the stream's server to the others. The rate over the clock is printed; what is held
to 50,000 is lines in a second of processor time, which other programs on the machine do not change."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINFLOW = pathlib.Path(os.environ.get("KINFLOW", ROOT / "target/release/kinflow"))
LINES = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
LIMIT = 50_000
TEMPLATE = "Resources:\n  Events: { Type: AWS::Kinesis::Stream, Properties: { ShardCount: 4 } }\n"
SCHEMA = 'name = "events"\nform = "json"\n[[fields]]\nname = "n"\ntype = "integer"\n[[fields]]\nname = "text"\ntype = "string"\n'
FLOW = '[[flow]]\nfiles = "app.log"\nstream = "Events"\nschema = "events.toml"\naggregate = true\n'


def server(folder):
    """A Kinesis endpoint with one stream, and its address."""
    (folder / "template.yaml").write_text(TEMPLATE)
    command = [KINFLOW, "run", "--listen", "--template", folder / "template.yaml", "--functions", KINFLOW.parent]
    command += ["--data-dir", folder / "data", "--kinesis-port", "0", "--s3-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if found := re.search(r"Kinesis at (http://[0-9.:]+)", line):
            return process, found.group(1)
    raise SystemExit("the server did not start")


def put(places):
    """The bytes of the file that are put."""
    saved = json.loads(places.read_text())["places"] if places.exists() else []
    return saved[0]["position"] if saved else 0


def main():
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "events.toml").write_text(SCHEMA)
        (folder / "follow.toml").write_text(FLOW)
        with open(folder / "app.log", "w") as log:
            for n in range(LINES):
                log.write(f'{{"n":{n},"text":"a line of a log, as long as such lines are most often, {n % 977}"}}\n')
        size = (folder / "app.log").stat().st_size
        serving, url = server(folder)
        begun = time.monotonic()
        command = [KINFLOW, "put", "--follow", folder / "follow.toml", "--endpoint-url", url]
        following = subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores[:1]))
        places = folder / "follow.state/places.json"
        while put(places) < size - 2: # a place may be before the end of its line
            if following.poll() is not None or time.monotonic() - begun > 600:
                raise SystemExit("the follower did not put all lines")
            time.sleep(0.05)
        took = time.monotonic() - begun
        stat = pathlib.Path(f"/proc/{following.pid}/stat").read_text().rsplit(")", 1)[1].split()
        cpu = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        for process in (following, serving):
            process.send_signal(2)
            process.wait()
    rate, of_core = LINES / took, LINES / cpu
    print(f"{LINES:,} lines of {size / LINES:.0f} bytes in {took:.1f} s: {rate:,.0f} lines/s; {of_core:,.0f} lines in a second of one core")
    return of_core < LIMIT


if __name__ == "__main__":
    sys.exit(main())
