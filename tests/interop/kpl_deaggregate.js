'use strict';
// Takes aggregates apart with npm aws-kinesis-agg: base64 lines in, one JSON list of user records a line out.
// Exits with 77 where the package is not installed (see ../package.json).
const fs = require('fs');

let agg;
try {
  agg = require('aws-kinesis-agg');
} catch (missing) {
  console.error(missing.message.split('\n')[0]);
  process.exit(77);
}

for (const data of fs.readFileSync(0, 'utf8').trim().split('\n')) {
  const kinesis = { kinesisSchemaVersion: '1.0', partitionKey: 'outer', sequenceNumber: '1', data };
  agg.deaggregateSync(kinesis, true, (error, userRecords) => {
    if (error) throw error;
    const text = (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('base64'));
    console.log(JSON.stringify(userRecords.map((r) => [r.partitionKey, r.explicitPartitionKey ?? null, text(r.data), r.subSequenceNumber])));
  });
}
