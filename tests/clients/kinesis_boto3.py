"""Kinesis as boto3 sees it. One argument: the endpoint's URL. Says which rule does not hold, and exits 1."""

import gzip
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT_ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/"


def client(url):
    return boto3.client(
        "kinesis",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )


def error_code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def new_stream(kinesis, name, shards):
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    return [shard["ShardId"] for shard in kinesis.list_shards(StreamName=name)["Shards"]]


def next_second():
    """Waits until the clock shows another second: boto3 sends times, and sequence numbers hold them, in whole ones."""
    now = int(time.time())
    while int(time.time()) == now:
        time.sleep(0.01)


def read_all(kinesis, stream, shard, kind="TRIM_HORIZON", **arguments):
    """All records of a shard up to an empty answer, or to its end."""
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard, ShardIteratorType=kind, **arguments
    )["ShardIterator"]
    records = []
    while iterator:
        answer = kinesis.get_records(ShardIterator=iterator)
        if not answer["Records"]:
            return records, answer
        records += answer["Records"]
        iterator = answer.get("NextShardIterator")
    return records, None


def records_come_back_as_they_went_in_and_in_order(kinesis):
    shards = new_stream(kinesis, "order", 2)
    sent = [{"PartitionKey": f"key-{n % 7}é", "Data": bytes([n % 256]) * n} for n in range(300)]
    before = time.time()
    answer = kinesis.put_records(StreamName="order", Records=sent)
    assert answer["FailedRecordCount"] == 0 and len(answer["Records"]) == 300, answer
    read = {shard: read_all(kinesis, "order", shard)[0] for shard in shards}
    assert sum(map(len, read.values())) == 300
    for shard, records in read.items():
        expected = [
            (answered["SequenceNumber"], entry["Data"], entry["PartitionKey"])
            for entry, answered in zip(sent, answer["Records"])
            if answered["ShardId"] == shard
        ]
        assert expected == [(r["SequenceNumber"], r["Data"], r["PartitionKey"]) for r in records]
        arrivals = [r["ApproximateArrivalTimestamp"].timestamp() for r in records]
        assert all(before - 0.002 <= at <= time.time() + 0.002 for at in arrivals), (before, arrivals[:3])


def a_request_of_10_mib_goes_through_and_one_over_it_does_not(kinesis):
    new_stream(kinesis, "big", 1)
    mebibyte = {"PartitionKey": "k", "Data": b"x" * ((1 << 20) - 1)}
    assert kinesis.put_records(StreamName="big", Records=[mebibyte] * 10)["FailedRecordCount"] == 0
    over = [mebibyte] * 10 + [{"PartitionKey": "k", "Data": b"y"}]
    assert error_code(kinesis.put_records, StreamName="big", Records=over) == "InvalidArgumentException"
    one_over = {"PartitionKey": "k", "Data": b"x" * (1 << 20)}
    assert error_code(kinesis.put_records, StreamName="big", Records=[one_over]) == "ValidationException"
    arn = kinesis.describe_stream(StreamName="big")["StreamDescription"]["StreamARN"]
    size = lambda: kinesis.describe_stream_summary(StreamName="big")["StreamDescriptionSummary"]["MaxRecordSizeInKiB"]
    assert size() == 1024
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=10240)
    assert size() == 10240
    assert kinesis.put_record(StreamName="big", PartitionKey="k", Data=b"z" * (4 << 20))["ShardId"]


def a_read_stops_at_10_mib(kinesis):
    iterator = kinesis.get_shard_iterator(
        StreamName="big", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    sizes = []
    while True:
        answer = kinesis.get_records(ShardIterator=iterator)
        read = sum(len(record["Data"]) for record in answer["Records"])
        if not read:
            break
        assert read <= 10 << 20, read
        sizes.append((read, answer["MillisBehindLatest"]))
        iterator = answer["NextShardIterator"]
    assert sum(size for size, _ in sizes) == 10 * ((1 << 20) - 1) + (4 << 20), sizes
    assert sizes[0][1] > 0 and sizes[-1][1] == 0, sizes


def a_stream_goes_by_its_arn(kinesis):
    arn = ACCOUNT_ARN + "order"
    assert kinesis.describe_stream(StreamARN=arn)["StreamDescription"]["StreamName"] == "order"
    assert kinesis.describe_stream_summary(StreamARN=arn)["StreamDescriptionSummary"]["OpenShardCount"] == 2
    shard = kinesis.list_shards(StreamARN=arn)["Shards"][0]["ShardId"]
    assert kinesis.get_shard_iterator(StreamARN=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    assert kinesis.put_record(StreamARN=arn, PartitionKey="k", Data=b"d")["ShardId"]
    assert kinesis.put_records(StreamARN=arn, Records=[{"PartitionKey": "k", "Data": b"d"}])["Records"]


def shards_and_streams_are_listed_page_by_page(kinesis):
    new_stream(kinesis, "pages", 5)
    page = kinesis.list_shards(StreamName="pages", MaxResults=2)
    listed = [page["Shards"]]
    while token := page.get("NextToken"):
        page = kinesis.list_shards(NextToken=token, MaxResults=2)
        listed.append(page["Shards"])
    assert [len(shards) for shards in listed] == [2, 2, 1], listed
    assert len({shard["ShardId"] for shards in listed for shard in shards}) == 5
    names = [name for page in kinesis.get_paginator("list_streams").paginate(Limit=1) for name in page["StreamNames"]]
    assert names == sorted(names) and {"order", "big", "pages"} <= set(names), names
    summaries = kinesis.list_streams()["StreamSummaries"]
    assert [summary["StreamName"] for summary in summaries] == names


def iterators_start_where_they_say(kinesis):
    (shard,) = new_stream(kinesis, "starts", 1)
    put = [kinesis.put_record(StreamName="starts", PartitionKey="k", Data=b"%d" % n) for n in range(3)]
    second = put[1]["SequenceNumber"]

    def data(kind, **arguments):
        return [record["Data"] for record in read_all(kinesis, "starts", shard, kind, **arguments)[0]]

    assert data("TRIM_HORIZON") == [b"0", b"1", b"2"]
    assert data("AT_SEQUENCE_NUMBER", StartingSequenceNumber=second) == [b"1", b"2"]
    assert data("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=second) == [b"2"]
    assert data("LATEST") == []
    records, _ = read_all(kinesis, "starts", shard)
    assert data("AT_TIMESTAMP", Timestamp=records[0]["ApproximateArrivalTimestamp"]) == [b"0", b"1", b"2"]
    next_second()
    assert data("AT_TIMESTAMP", Timestamp=time.time()) == []
    latest = kinesis.get_shard_iterator(StreamName="starts", ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    for _ in range(3):
        latest = kinesis.get_records(ShardIterator=latest)["NextShardIterator"]
    kinesis.put_record(StreamName="starts", PartitionKey="k", Data=b"3")
    assert [record["Data"] for record in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"3"]


def a_split_shard_ends_and_names_its_children(kinesis):
    (parent,) = new_stream(kinesis, "split", 1)
    kinesis.put_record(StreamName="split", PartitionKey="k", Data=b"before")
    next_second()
    kinesis.split_shard(StreamName="split", ShardToSplit=parent, NewStartingHashKey=str(1 << 127))
    kinesis.get_waiter("stream_exists").wait(StreamName="split", WaiterConfig={"Delay": 1})
    records, last = read_all(kinesis, "split", parent)
    assert [record["Data"] for record in records] == [b"before"]
    assert "NextShardIterator" not in last, last
    children = {child["ShardId"]: child for child in last["ChildShards"]}
    assert sorted(children) == ["shardId-000000000001", "shardId-000000000002"], last
    assert all(child["ParentShards"] == [parent] for child in children.values())
    assert children["shardId-000000000002"]["HashKeyRange"]["StartingHashKey"] == str(1 << 127)
    listed = lambda kind: [s["ShardId"] for s in kinesis.list_shards(StreamName="split", ShardFilter={"Type": kind})["Shards"]]
    assert listed("AT_LATEST") == sorted(children)
    assert listed("AT_TRIM_HORIZON") == [parent]
    assert listed("FROM_TRIM_HORIZON") == [parent, *sorted(children)]


def mistakes_get_the_errors_of_aws(kinesis):
    entry = {"PartitionKey": "k", "Data": b"d"}
    assert error_code(kinesis.put_records, StreamName="none", Records=[entry]) == "ResourceNotFoundException"
    assert error_code(kinesis.put_record, StreamName="none", **entry) == "ResourceNotFoundException"
    assert error_code(kinesis.describe_stream, StreamName="none") == "ResourceNotFoundException"
    assert error_code(kinesis.create_stream, StreamName="order", ShardCount=1) == "ResourceInUseException"
    assert error_code(kinesis.get_records, ShardIterator="AAAA") == "InvalidArgumentException"
    assert error_code(kinesis.put_records, StreamName="order", Records=[entry] * 501) == "ValidationException"
    assert error_code(kinesis.put_record, StreamName="order", PartitionKey="k" * 257, Data=b"") == "ValidationException"
    key_too_high = {**entry, "ExplicitHashKey": str(1 << 128)}
    assert error_code(kinesis.put_record, StreamName="order", **key_too_high) == "InvalidArgumentException"
    assert error_code(kinesis.list_shards, NextToken="no token") == "InvalidArgumentException"


def a_gzipped_payload_of_all_byte_values_survives(kinesis):
    (shard,) = new_stream(kinesis, "bytes", 1)
    data = gzip.compress(bytes(range(256)) * 40)
    kinesis.put_record(StreamName="bytes", PartitionKey="💧" * 256, Data=data)
    ((record,), _) = read_all(kinesis, "bytes", shard)
    assert (record["Data"], record["PartitionKey"]) == (data, "💧" * 256)


RULES = [
    records_come_back_as_they_went_in_and_in_order,
    a_request_of_10_mib_goes_through_and_one_over_it_does_not,
    a_read_stops_at_10_mib,
    a_stream_goes_by_its_arn,
    shards_and_streams_are_listed_page_by_page,
    iterators_start_where_they_say,
    a_split_shard_ends_and_names_its_children,
    mistakes_get_the_errors_of_aws,
    a_gzipped_payload_of_all_byte_values_survives,
]

if __name__ == "__main__":
    kinesis = client(sys.argv[1])
    for rule in RULES:
        try:
            rule(kinesis)
        except Exception as error:
            print(f"{rule.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
            raise
    print(f"{len(RULES)} rules hold")
