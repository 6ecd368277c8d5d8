"""S3 as boto3 sees it. Arguments: the endpoint's URL and the folder it serves. Says which rule does not hold, and exits 1."""

import base64
import concurrent.futures
import hashlib
import io
import pathlib
import sys
import urllib.error
import urllib.request
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

MEBIBYTE = 1 << 20


def client(url):
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
    )


def etag_of(body):
    return f'"{hashlib.md5(body).hexdigest()}"'


def error_code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def keys(s3, bucket, **arguments):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **arguments)
    return [
        entry.get("Key") or entry["Prefix"]
        for page in pages
        for entry in page.get("Contents", []) + page.get("CommonPrefixes", [])
    ]


def buckets_come_and_go(s3, folder):
    s3.create_bucket(Bucket="rules", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.create_bucket(Bucket="another")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["another", "rules"]
    assert error_code(s3.create_bucket, Bucket="rules") == "BucketAlreadyOwnedByYou"
    s3.put_object(Bucket="another", Key="a/b", Body=b"x")
    assert error_code(s3.delete_bucket, Bucket="another") == "BucketNotEmpty"
    s3.delete_object(Bucket="another", Key="a/b")
    s3.delete_bucket(Bucket="another")
    assert error_code(s3.head_bucket, Bucket="another") == "404"
    assert error_code(s3.list_objects_v2, Bucket="another") == "NoSuchBucket"
    assert error_code(s3.put_object, Bucket="another", Key="k", Body=b"") == "NoSuchBucket"


def an_object_is_a_plain_file_and_keeps_its_headers(s3, folder):
    key = "enriched/crime/dt=2006-01-31/hour=07/it's 5% + ü~.json"
    put = s3.put_object(
        Bucket="rules",
        Key=key,
        Body=b'{"a":1}\n',
        ContentType="application/x-ndjson",
        ContentEncoding="gzip",
        CacheControl="no-store",
        ContentDisposition="inline",
        ContentLanguage="en",
        Metadata={"first-sequence": "495", "count": "1"},
    )
    assert (folder / "rules" / key).read_bytes() == b'{"a":1}\n'
    got = s3.get_object(Bucket="rules", Key=key)
    assert got["Body"].read() == b'{"a":1}\n'
    head = s3.head_object(Bucket="rules", Key=key)
    for answer in (got, head):
        assert answer["ContentType"] == "application/x-ndjson"
        assert answer["ContentEncoding"] == "gzip"
        assert answer["CacheControl"] == "no-store"
        assert answer["ContentDisposition"] == "inline"
        assert answer["ContentLanguage"] == "en"
        assert answer["Metadata"] == {"first-sequence": "495", "count": "1"}
        assert answer["ETag"] == put["ETag"] == etag_of(b'{"a":1}\n')
        assert answer["ContentLength"] == 8
    assert s3.head_object(Bucket="rules", Key=key, ChecksumMode="ENABLED")["ChecksumCRC32"]


def a_file_put_there_by_hand_is_an_object(s3, folder):
    (folder / "rules" / "by-hand").mkdir()
    (folder / "rules" / "by-hand" / "a.csv").write_bytes(b"1,2\n")
    assert keys(s3, "rules", Prefix="by-hand/") == ["by-hand/a.csv"]
    assert s3.head_object(Bucket="rules", Key="by-hand/a.csv")["ETag"] == etag_of(b"1,2\n")
    (folder / "rules" / "by-hand" / "a.csv").write_bytes(b"1,2,3\n")
    got = s3.get_object(Bucket="rules", Key="by-hand/a.csv")
    assert got["Body"].read() == b"1,2,3\n"
    assert got["ETag"] == etag_of(b"1,2,3\n")


def no_key_leaves_its_bucket_and_every_key_is_kept(s3, folder):
    s3.create_bucket(Bucket="odd")
    s3.create_bucket(Bucket="victim")
    s3.put_object(Bucket="victim", Key="x", Body=b"untouched")
    odd = [
        "../victim/x",
        "a",
        "a/b",
        "a/b/c",
        "a//b",
        "a/",
        "/a",
        "./a",
        "..",
        "a/../b",
        "d/../../victim/x",
        "long/" + "n" * 300,
        "k" * 1024,
        "control\x01\x1f",
        "back\\slash",
        "a+b c%20d&e=f?g#h",
        "émoji 💧",
    ]
    for number, key in enumerate(odd):
        s3.put_object(Bucket="odd", Key=key, Body=b"%d" % number, Metadata={"n": str(number)})
    for number, key in enumerate(odd):
        got = s3.get_object(Bucket="odd", Key=key)
        assert (got["Body"].read(), got["Metadata"]) == (b"%d" % number, {"n": str(number)}), key
    in_order = sorted(odd, key=str.encode)
    assert keys(s3, "odd") == in_order, keys(s3, "odd")
    for size in (1, 2, 5):
        assert keys(s3, "odd", PaginationConfig={"PageSize": size}) == in_order, size
    assert s3.get_object(Bucket="victim", Key="x")["Body"].read() == b"untouched"
    assert keys(s3, "victim") == ["x"]
    assert error_code(s3.put_object, Bucket="odd", Key="k" * 1025, Body=b"") == "KeyTooLongError"
    s3.delete_object(Bucket="odd", Key="a")
    assert s3.get_object(Bucket="odd", Key="a/b")["Body"].read() == b"2"
    s3.delete_object(Bucket="odd", Key="control\x01\x1f")  # XML, and so DeleteObjects, can't name it
    rest = [{"Key": key} for key in odd if "\x01" not in key]
    answer = s3.delete_objects(Bucket="odd", Delete={"Objects": rest})
    assert len(answer["Deleted"]) == len(rest) and "Errors" not in answer, answer
    assert keys(s3, "odd") == []
    s3.delete_bucket(Bucket="odd")


def listings_are_in_bytewise_order_with_prefix_and_delimiter(s3, folder):
    s3.create_bucket(Bucket="listed")
    put = ["a-b", "a/1", "a/2/x", "a/2/y", "a0", "b/1", "b/c/d/e", "B", "é", "z"]
    for key in put:
        s3.put_object(Bucket="listed", Key=key, Body=b"")
    assert keys(s3, "listed") == ["B", "a-b", "a/1", "a/2/x", "a/2/y", "a0", "b/1", "b/c/d/e", "z", "é"]
    for size in range(1, 6):
        page = {"PageSize": size}
        listed = lambda **arguments: sorted(keys(s3, "listed", PaginationConfig=page, **arguments), key=str.encode)
        assert listed(Delimiter="/") == ["B", "a-b", "a/", "a0", "b/", "z", "é"], size
        assert listed(Delimiter="/", Prefix="a/") == ["a/1", "a/2/"]
        assert listed(Delimiter="2", Prefix="a") == ["a-b", "a/1", "a/2", "a0"]
        assert listed(Prefix="a/2") == ["a/2/x", "a/2/y"]
        assert listed(StartAfter="a/2/x") == ["a/2/y", "a0", "b/1", "b/c/d/e", "z", "é"]
        assert listed(Prefix="none") == []
        v1 = s3.get_paginator("list_objects").paginate(Bucket="listed", Delimiter="/", PaginationConfig=page)
        found = [e.get("Key") or e["Prefix"] for p in v1 for e in p.get("Contents", []) + p.get("CommonPrefixes", [])]
        assert sorted(found, key=str.encode) == ["B", "a-b", "a/", "a0", "b/", "z", "é"], (size, found)
    assert error_code(s3.list_objects_v2, Bucket="listed", ContinuationToken="no token") == "InvalidArgument"


def of_many_conditional_creates_one_wins(s3, folder):
    def create(number):
        return error_code(s3.put_object, Bucket="rules", Key="race", Body=b"%d" % number, IfNoneMatch="*") is None

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        won = [number for number, created in enumerate(pool.map(create, range(64))) if created]
    assert len(won) == 1, won
    assert s3.get_object(Bucket="rules", Key="race")["Body"].read() == b"%d" % won[0]


def of_many_conditional_updates_each_is_seen_by_the_next(s3, folder):
    s3.put_object(Bucket="rules", Key="counter", Body=b"0")

    def add(_):
        while True:
            got = s3.get_object(Bucket="rules", Key="counter")
            body = b"%d" % (int(got["Body"].read()) + 1)
            if error_code(s3.put_object, Bucket="rules", Key="counter", Body=body, IfMatch=got["ETag"]) is None:
                return

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert s3.get_object(Bucket="rules", Key="counter")["Body"].read() == b"40"


def a_write_whose_condition_does_not_hold_changes_nothing(s3, folder):
    etag = s3.put_object(Bucket="rules", Key="kept", Body=b"kept")["ETag"]
    put = lambda **condition: error_code(s3.put_object, Bucket="rules", Body=b"new", **condition)
    assert put(Key="kept", IfNoneMatch="*") == "PreconditionFailed"
    assert put(Key="kept", IfMatch='"00000000000000000000000000000000"') == "PreconditionFailed"
    assert put(Key="absent", IfMatch=etag) == "NoSuchKey"
    assert s3.get_object(Bucket="rules", Key="kept", IfMatch=etag)["Body"].read() == b"kept"
    assert error_code(s3.get_object, Bucket="rules", Key="kept", IfNoneMatch=etag) == "304"
    assert error_code(s3.head_object, Bucket="rules", Key="absent") == "404"
    assert error_code(s3.get_object, Bucket="rules", Key="absent") == "NoSuchKey"


def a_part_of_an_object_can_be_read(s3, folder):
    body = bytes(range(256)) * 4096
    s3.put_object(Bucket="rules", Key="ranges", Body=body)
    for asked, expected, named in [
        ("bytes=0-0", body[:1], "bytes 0-0/1048576"),
        ("bytes=1000-", body[1000:], "bytes 1000-1048575/1048576"),
        ("bytes=-10", body[-10:], "bytes 1048566-1048575/1048576"),
        ("bytes=300000-700000", body[300000:700001], "bytes 300000-700000/1048576"),
        ("bytes=1048570-9999999", body[1048570:], "bytes 1048570-1048575/1048576"),
    ]:
        got = s3.get_object(Bucket="rules", Key="ranges", Range=asked)
        assert got["Body"].read() == expected and got["ContentRange"] == named, asked
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert error_code(s3.get_object, Bucket="rules", Key="ranges", Range="bytes=1048576-") == "InvalidRange"


def a_body_that_is_not_what_its_checksum_says_is_refused(s3, folder):
    crc32 = base64.b64encode(zlib.crc32(b"right").to_bytes(4, "big")).decode()
    s3.put_object(Bucket="rules", Key="sum", Body=b"right", ChecksumCRC32=crc32)
    assert error_code(s3.put_object, Bucket="rules", Key="sum", Body=b"wrong", ChecksumCRC32=crc32) == "BadDigest"
    sha256 = base64.b64encode(hashlib.sha256(b"right").digest()).decode()
    assert error_code(s3.put_object, Bucket="rules", Key="sum", Body=b"wrong", ChecksumSHA256=sha256) == "BadDigest"
    md5 = base64.b64encode(hashlib.md5(b"right").digest()).decode()
    assert error_code(s3.put_object, Bucket="rules", Key="sum", Body=b"wrong", ContentMD5=md5) == "BadDigest"
    assert s3.get_object(Bucket="rules", Key="sum")["Body"].read() == b"right"
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
        try:
            put = s3.put_object(Bucket="rules", Key=algorithm, Body=b"right", ChecksumAlgorithm=algorithm)
        except Exception as error:
            if type(error).__name__ != "MissingDependencyException":  # CRC32C and CRC64NVME need awscrt
                raise
            continue
        got = s3.get_object(Bucket="rules", Key=algorithm, ChecksumMode="ENABLED")
        assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"], algorithm
    assert not list((folder / ".s3" / "temporary").iterdir())


def objects_are_copied_with_or_without_their_metadata(s3, folder):
    s3.put_object(Bucket="rules", Key="from/ü+", Body=b"copied", ContentType="text/plain", Metadata={"a": "1"})
    source = {"Bucket": "rules", "Key": "from/ü+"}
    s3.copy_object(Bucket="rules", Key="to", CopySource=source)
    got = s3.get_object(Bucket="rules", Key="to")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"copied", "text/plain", {"a": "1"})
    s3.copy_object(Bucket="rules", Key="to", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"})
    assert s3.head_object(Bucket="rules", Key="to")["Metadata"] == {"b": "2"}
    missing = {"Bucket": "rules", "Key": "missing"}
    assert error_code(s3.copy_object, Bucket="rules", Key="to", CopySource=missing) == "NoSuchKey"
    assert error_code(s3.copy_object, Bucket="rules", Key="from/ü+", CopySource=source) == "InvalidRequest"


def big_files_go_up_in_parts(s3, folder):
    body = b"".join(bytes([n]) * MEBIBYTE for n in range(20))
    s3.upload_fileobj(io.BytesIO(body), "rules", "big", ExtraArgs={"ContentType": "x/y", "Metadata": {"m": "1"}})
    assert (folder / "rules" / "big").read_bytes() == body
    got = s3.get_object(Bucket="rules", Key="big")
    assert (got["ContentType"], got["Metadata"]) == ("x/y", {"m": "1"})
    md5s = b"".join(hashlib.md5(body[at : at + 8 * MEBIBYTE]).digest() for at in range(0, len(body), 8 * MEBIBYTE))
    assert got["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-3"', got["ETag"]
    down = io.BytesIO()
    s3.download_fileobj("rules", "big", down)
    assert down.getvalue() == body
    s3.copy({"Bucket": "rules", "Key": "big"}, "rules", "big-copy")
    assert (folder / "rules" / "big-copy").read_bytes() == body
    assert not list((folder / ".s3" / "uploads").iterdir())


def an_upload_is_completed_with_the_parts_it_has(s3, folder):
    upload = dict(Bucket="rules", Key="parts", UploadId=s3.create_multipart_upload(Bucket="rules", Key="parts")["UploadId"])
    part = lambda number, body: {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
    part(2, b"replaced")
    parts = [part(1, b"1" * 5 * MEBIBYTE), part(2, b"2")]
    assert [p["PartNumber"] for p in s3.list_parts(**upload)["Parts"]] == [1, 2]
    complete = lambda listed: error_code(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": listed})
    assert complete(parts[::-1]) == "InvalidPartOrder"
    assert complete([*parts, {"PartNumber": 3, "ETag": '"00"'}]) == "InvalidPart"
    assert complete([parts[0], {**parts[1], "ETag": parts[0]["ETag"]}]) == "InvalidPart"
    assert complete(parts) is None
    assert (folder / "rules" / "parts").read_bytes() == b"1" * 5 * MEBIBYTE + b"2"
    assert complete(parts) == "NoSuchUpload"
    small = dict(Bucket="rules", Key="small", UploadId=s3.create_multipart_upload(Bucket="rules", Key="small")["UploadId"])
    upload = small
    assert complete([part(1, b"a"), part(2, b"b")]) == "EntityTooSmall"
    s3.abort_multipart_upload(**small)
    assert error_code(s3.list_parts, **small) == "NoSuchUpload"
    assert error_code(s3.list_parts, **{**small, "UploadId": "../../rules"}) == "NoSuchUpload"
    assert error_code(s3.head_object, Bucket="rules", Key="small") == "404"


def a_presigned_url_needs_no_credentials(s3, folder):
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "rules", "Key": "signed"})
    urllib.request.urlopen(urllib.request.Request(url, data=b"by url", method="PUT"))
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "rules", "Key": "signed"})
    assert urllib.request.urlopen(url).read() == b"by url"


RULES = [
    buckets_come_and_go,
    an_object_is_a_plain_file_and_keeps_its_headers,
    a_file_put_there_by_hand_is_an_object,
    no_key_leaves_its_bucket_and_every_key_is_kept,
    listings_are_in_bytewise_order_with_prefix_and_delimiter,
    of_many_conditional_creates_one_wins,
    of_many_conditional_updates_each_is_seen_by_the_next,
    a_write_whose_condition_does_not_hold_changes_nothing,
    a_part_of_an_object_can_be_read,
    a_body_that_is_not_what_its_checksum_says_is_refused,
    objects_are_copied_with_or_without_their_metadata,
    big_files_go_up_in_parts,
    an_upload_is_completed_with_the_parts_it_has,
    a_presigned_url_needs_no_credentials,
]

if __name__ == "__main__":
    s3, folder = client(sys.argv[1]), pathlib.Path(sys.argv[2])
    for rule in RULES:
        try:
            rule(s3, folder)
        except Exception as error:
            print(f"{rule.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
            raise
    print(f"{len(RULES)} rules hold")
