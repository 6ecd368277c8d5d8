-- Questions to a run of examples/orders.csv and examples/reviews.jsonl, from the folder of its bucket
-- (`cd out/s3/databucket`); on S3 the same with s3://bucket/ before each path.

-- Orders by town: typed columns, no schema to write.
SELECT ort, count(*) AS orders, round(sum(betrag), 2) AS sum, min(bestellt_am)::VARCHAR AS first
FROM read_json('typed/orders/**', format = 'newline_delimited', union_by_name = true)
GROUP BY ALL ORDER BY orders DESC, ort;

-- What reviewers feel, by stars, with an example.
SELECT record.stars, count(*) AS reviews, round(avg(sentiment.score), 2) AS score, min(text) AS example
FROM read_json('enriched/reviews/**', format = 'newline_delimited', union_by_name = true)
GROUP BY ALL ORDER BY ALL;

-- What they write about.
SELECT word.term AS term, count(*) AS reviews
FROM (SELECT unnest(keywords) AS word FROM read_json('enriched/reviews/**', format = 'newline_delimited', union_by_name = true))
GROUP BY ALL ORDER BY reviews DESC, term LIMIT 10;
