"""A source of one's own: prints what a boiler measures, one JSON object a line, as many as the first argument says."""

import json
import math
import sys

for n in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
    at = f"2026-02-{1 + n // 1440 % 28:02}T{n // 60 % 24:02}:{n % 60:02}:00Z"
    print(json.dumps({"at": at, "sensor": f"boiler-{n % 3}", "celsius": round(60 + 8 * math.sin(n / 40), 2)}))
