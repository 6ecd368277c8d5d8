"""Runs kinflow on pseudo-terminals: `run.py COMMAND FOLDER`, in the folder of its template.

It fails where a rule does not hold.
"""

import codecs
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import termios
import time

from screen import Screen

COMMAND, FOLDER = sys.argv[1:3]
PATIENCE_S = 120
# The name of a folder.
HOSTILE = "a\x1b[31m\x1b]0;harmed\x07\u202e"


class Run:
    """A run on a terminal of its own, and what is on its screen."""

    def __init__(self, name, columns=80, **environment):
        self.screen = Screen(24, columns)
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        os.makedirs(os.path.join(FOLDER, HOSTILE), exist_ok=True)
        hostile = shutil.copy("examples/crime.csv", os.path.join(FOLDER, HOSTILE))
        command = [COMMAND, "run", "--functions", os.path.dirname(COMMAND), "--no-open"]
        command += ["--page-port", "0", "--kinesis-port", "0", "--s3-port", "0", "--data-dir", os.path.join(FOLDER, name)]
        command += ["--input", f"crime={hostile}", "--input", f"crime={hostile}", "--input", "users=examples/users.csv"]
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.environ.pop("NO_COLOR", None)
            os.environ.update({"TERM": "xterm-256color", **environment})
            # The size is there before the command looks at it.
            fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.execv(command[0], command)

    def read(self):
        """Reads what is there; whether there may be more."""
        readable, _, _ = select.select([self.terminal], [], [], 0.2)
        if not readable:
            return True
        try:
            found = os.read(self.terminal, 1 << 16)
        except OSError:
            return False
        self.screen.take(self.decoder.decode(found))
        return bool(found)

    def until(self, what, holds):
        begun = time.monotonic()
        while not holds(self.screen.text()):
            assert time.monotonic() - begun < PATIENCE_S and self.read(), f"{what}: not so on\n{self.screen.text()}"

    def resize(self, columns):
        self.screen.resize(columns)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def end(self):
        os.kill(self.process, signal.SIGINT)
        while self.read():
            pass
        _, status = os.waitpid(self.process, 0)
        return os.waitstatus_to_exitcode(status)


HEADING = re.compile(r"^\d:\d\d  (running|draining|checking)  [\d,]+ records/s", re.MULTILINE)
TABLE = re.compile(r"^data set  progress .*taken/s", re.MULTILINE)
NARROW = re.compile(r"^data set  taken/s( +put)? +waiting( +lag)?$|^data set  progress +taken/s$", re.MULTILINE)
# It is read; what of it is done waits for a buffer.
READ = re.compile(r"^crime +[━─]{8} done +\d+ % +[\d,]+ +200 ", re.MULTILINE)


def is_one(text):
    """Whether there is one area, and not the rest of another."""
    return len(HEADING.findall(text)) == 1 and len(re.findall("^data set", text, re.MULTILINE)) == 1


def area():
    run = Run("area")
    run.until("the input is read", lambda text: READ.search(text) and TABLE.search(text))
    text = run.screen.text()
    assert is_one(text), text
    told = "/a\\u{1b}[31m\\u{1b}]0;harmed\\u{7}\\u{202e}/crime.csv is given twice, and is read once"
    assert told in text.replace("\n", ""), text
    assert all(len(line) < 80 for line in text[text.index("data set"):].split("\n")), text
    assert run.screen.colours > 0
    run.resize(40)
    run.until("the area fits a narrower terminal", lambda text: is_one(text) and NARROW.search(text))
    run.resize(100)
    run.until("and a wider one", lambda text: is_one(text) and TABLE.search(text))
    code = run.end()
    text = run.screen.text()
    assert code == 0, text
    assert not HEADING.search(text) and "taken/s" not in text, f"the area is left:\n{text}"
    assert text.rstrip().endswith("every record is accounted for"), text
    for line in ["ready: Kinesis at http://127.0.0.1:", "draining: sources are at their end, buffers are flushed"]:
        assert text.count(line) == 1, text


def plain():
    run = Run("dumb", TERM="dumb")
    run.until("a line of the data set", lambda text: re.search(r"^users +[\d,]+ put +[\d,]+ taken", text, re.MULTILINE))
    assert run.end() == 0
    text = run.screen.text()
    assert not HEADING.search(text) and run.screen.colours == 0, text


def without_colours():
    run = Run("colours", NO_COLOR="1")
    run.until("an area", is_one)
    assert run.end() == 0
    assert run.screen.colours == 0


area()
plain()
without_colours()
