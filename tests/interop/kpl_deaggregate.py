"""Takes aggregates apart with PyPI aws-kinesis-agg: base64 lines in, one JSON list of user records a line out.

Exits with 77 where the package is not installed (see ../requirements.txt).
"""
import json
import sys

try:
    from aws_kinesis_agg.deaggregator import deaggregate_records
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

for line in sys.stdin.readlines():  # all of it before the first answer, or both ends wait
    record = {"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "outer", "sequenceNumber": "1", "data": line.strip(),
                          "approximateArrivalTimestamp": 1.5}}
    opened = [user_record["kinesis"] for user_record in deaggregate_records([record])]
    print(json.dumps([[r["partitionKey"], r.get("explicitHashKey"), r["data"].decode(), r.get("subSequenceNumber")] for r in opened]))
