"""A terminal of which only that is there which `kinflow run` asks for; anything else that it would obey is a fault."""

import re
import unicodedata

ORDER = re.compile(r"\x1b\[(\?2026[hl]|\d*A|K|J|\d*m)")


def width(c):
    return 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1


class Screen:
    """The rows of a terminal and of what scrolled away above it. The cursor goes up no further than `rows`."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines, self.row, self.column = [""], 0, 0
        self.colours = 0
        self.left = ""

    def take(self, text):
        """Takes text in; the beginning of an order waits for its rest."""
        text, self.left, at = self.left + text, "", 0
        while at < len(text):
            if text[at] == "\x1b":
                order = ORDER.match(text, at)
                if order is None:
                    if re.fullmatch(r"\x1b(\[[?\d]*)?", text[at:]):
                        self.left = text[at:]
                        return
                    raise AssertionError(f"an order that nobody expected: {text[at:at + 20]!r}")
                self.obey(order[1])
                at = order.end()
            else:
                self.put(text[at])
                at += 1

    def obey(self, order):
        if order == "K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif order == "J":
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        elif order.endswith("A"):
            self.row = max(self.row - int(order[:-1] or 1), len(self.lines) - self.rows, 0)
        elif order.endswith("m"):
            self.colours += 1

    def put(self, c):
        if c == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif c == "\r":
            self.column = 0
        else:
            assert c.isprintable(), f"{c!r} reaches the terminal"
            if self.column + width(c) > self.columns:
                self.put("\n")
                self.column = 0
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + c + line[self.column + 1:]
            self.column += 1

    def resize(self, columns):
        """Breaks lines that are too long, as most terminals do; the cursor stays where it stands in the text."""
        broken = []
        for number, line in enumerate(self.lines):
            if number == self.row:
                row = len(broken)
            broken.extend(line[at:at + columns] for at in range(0, max(len(line), 1), columns))
        self.lines, self.row, self.columns = broken, row, columns

    def text(self):
        return "\n".join(self.lines)
