"""Gives a transform that was built for arm64 one event, as Lambda's Runtime API does, and checks its answer. On another
processor qemu runs it.

    python3 .ci/arm64.py BINARY"""

import base64
import json
import os
import pathlib
import platform
import queue
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from dist import machine

RUNTIME = "/2018-06-01/runtime/invocation"
ROWS = {
    "typed": b"1/1/06 0:00|3108 OCCIDENTAL DR|3|3C|1115|10851(A)VC TAKE VEH W/O OWNER|2404|38.55042047|-121.3914158|2026/01/02 03:04:05",
    "refused": b"yesterday|3108 OCCIDENTAL DR|3|3C|1115|10851(A)VC TAKE VEH W/O OWNER|2404|38.55042047|-121.3914158|2026/01/02 03:04:05",
}
SECONDS = 60


def event():
    records = [
        {"recordId": name, "approximateArrivalTimestamp": 1767225600000, "data": base64.b64encode(row).decode()}
        for name, row in ROWS.items()
    ]
    return {"invocationId": "1", "deliveryStreamArn": "arn:aws:firehose:eu-west-1:1:d", "region": "eu-west-1", "records": records}


class Lambda(BaseHTTPRequestHandler):
    """The Runtime API: one invocation, and then none."""

    protocol_version = "HTTP/1.1"
    events, answers = queue.Queue(), queue.Queue()

    def do_GET(self):
        body = self.events.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "request")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + SECONDS) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:1:function:transform")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.answers.put((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def command(binary):
    if machine(binary.read_bytes()[:20]) != "arm64":
        raise SystemExit(f"{binary} is for {machine(binary.read_bytes()[:20])}, expected arm64")
    if platform.machine() in ("aarch64", "arm64"):
        return [binary]
    qemu = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if not qemu:
        raise SystemExit("this processor can't run the binary, and qemu-aarch64 is not installed (packages qemu-user-static, libc6-arm64-cross)")
    # The libraries that a binary for GNU asks for, where the machine has those of arm64.
    return [qemu, "-L", os.environ.get("QEMU_LD_PREFIX", "/usr/aarch64-linux-gnu"), binary]


def answer(binary):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lambda)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # The function's end ends its connection.
    threading.Thread(target=server.serve_forever, daemon=True).start()
    variables = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "transform",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "SCHEMA": "crime",
    }
    Lambda.events.put(json.dumps(event()).encode())
    function = subprocess.Popen(command(binary), env=variables)
    try:
        path, body = Lambda.answers.get(timeout=SECONDS)
    except queue.Empty:
        raise SystemExit(f"{binary} gave no answer within {SECONDS} s") from None
    finally:
        function.kill()
        function.wait()
    if path != f"{RUNTIME}/request/response":
        raise SystemExit(f"{binary} answered {path}: {body.decode(errors='replace')}")
    return json.loads(body)


def main(binary):
    records = answer(pathlib.Path(binary))["records"]
    found = {record["recordId"]: record["result"] for record in records}
    expected = {"typed": "Ok", "refused": "ProcessingFailed"}
    if found != expected:
        raise SystemExit(f"the answer has {found}, expected {expected}")
    document = json.loads(base64.b64decode(records[0]["data"]))
    expected = ("2006/01/01 00:00:00", 3, {"lat": 38.55042047, "lon": -121.3914158})
    found = (document["crime_time"], document["district"], document["location"])
    if found != expected:
        raise SystemExit(f"the document has {found}, expected {expected}")
    print(f"{binary} answers for arm64: one record is typed, and one is refused")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
