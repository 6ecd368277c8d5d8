//! `DuckDB`, as a user has it from the package index, reads the folder of output objects.
//!
//! Skipped with a printed reason where Python or its `duckdb` is missing.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64_simd::STANDARD;
use bytes::Bytes;
use consumer::{Consumer, ConsumerSettings, LocalEnricher};
use edge::lambda::Invocation;
use edge::settings::Settings;
use edge::store::InMemoryStore;
use record_model::{RecordContext, Schema, made_up};

const README: &str = include_str!("../../../../README.md");

/// Where the README's query finds the objects of a run.
const README_BUCKET: &str = ".kinflow/s3/databucket";

const ALL_LINES: &str = "
import sys, duckdb
rows = duckdb.sql(f'''
    SELECT sentiment.label, count(*), count(DISTINCT id), min(hour::INT)
    FROM read_json('{sys.argv[1]}/enriched/tweets/*/*/*', format = 'newline_delimited', hive_partitioning = true)
    GROUP BY ALL ORDER BY ALL
''').fetchall()
print(sum(r[1] for r in rows), sum(r[2] for r in rows), rows[0][3])
";

const OF_README: &str = "
import sys, duckdb
answer = duckdb.sql(sys.argv[1])
print(answer.columns[:2], sum(row[1] for row in answer.fetchall()))
";

#[track_caller]
fn prints(python: &str, script: &str, argument: &str, expected: &str) {
    let output = Command::new(python).args(["-c", script, argument]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected);
}

#[tokio::test]
async fn duckdb_reads_every_line_of_gzip_and_zstd_objects() {
    let Some(python) = test_support::python_with("duckdb") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (compression, first) in [("gzip", 1000), ("zstd", 2000)] {
        write_objects(folder.path(), compression, first).await;
    }
    prints(&python, ALL_LINES, folder.path().to_str().unwrap(), "200 200 3");
}

#[tokio::test]
async fn the_readmes_query_runs_as_it_stands() {
    let Some(python) = test_support::python_with("duckdb") else { return };
    let (_, query) = README.split_once("```sql\n").unwrap();
    let (query, _) = query.split_once("```").unwrap();
    assert!(query.contains(README_BUCKET));
    let folder = tempfile::tempdir().unwrap();
    write_objects(folder.path(), "gzip", 1000).await;
    let query = query.replace(README_BUCKET, folder.path().to_str().unwrap());
    prints(&python, OF_README, &query, "['label', 'tweets'] 100");
}

async fn write_objects(folder: &std::path::Path, compression: &str, first: u64) {
    let mut environment =
        Settings::from_map([("SCHEMA", "tweets"), ("OUTPUT_BUCKET", "bucket"), ("COMPRESSION", compression)]);
    let settings = ConsumerSettings::read(&mut environment);
    environment.finish().unwrap();
    let bucket = Arc::new(InMemoryStore::new());
    let schema = Schema::built_in("tweets").unwrap();
    let body = event(&schema, first);
    let consumer = Consumer::new(Arc::clone(&bucket), LocalEnricher::new(5), schema, settings);
    let invocation = Invocation {
        body: Bytes::from(body),
        request_id: "request".to_owned(),
        deadline: SystemTime::now() + Duration::from_mins(1),
        function_arn: String::new(),
        trace_id: None,
        cold_start: false,
    };
    consumer.answer(&invocation).await.unwrap();
    for (key, object) in bucket.objects() {
        let path = folder.join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, object.body).unwrap();
    }
}

fn event(schema: &Schema, first: u64) -> String {
    let records: Vec<String> = (first..first + 100)
        .map(|number| {
            let mut tweet = Vec::new();
            made_up::write(schema, 7, number, &RecordContext::default(), &mut tweet);
            let data = STANDARD.encode_to_string(tweet);
            format!(
                "{{\"kinesis\":{{\"partitionKey\":\"k\",\"sequenceNumber\":\"{number}\",\"data\":\"{data}\",\
                 \"approximateArrivalTimestamp\":1767323045.5}},\"eventID\":\"shardId-000000000000:{number}\",\
                 \"eventSourceARN\":\"arn:aws:kinesis:eu-west-1:123456789012:stream/tweets\"}}"
            )
        })
        .collect();
    format!("{{\"Records\":[{}]}}", records.join(","))
}
