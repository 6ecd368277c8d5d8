#!/bin/bash
# put_csv.sh CSV STREAM SHARDS: `kinflow put`, called the way other producers are when they are compared.
# KINFLOW names the binary; AWS_ENDPOINT_URL_KINESIS the server.
exec "${KINFLOW:-kinflow}" put "$1" --stream "$2" --schema crime --output json
