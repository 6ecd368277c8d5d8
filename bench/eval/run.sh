#!/usr/bin/env bash
# Measures sentiment and keywords beside the packages people use, and prints one table for each.
#
# KINFLOW_TEST_DATA: folder with sentiment/*.tsv and keywords/*.jsonl, as docs/text.md describes them.
# KINFLOW_SCORERS:   folder with sentiment.py and keywords.py, the scorers.
# Baselines (vaderSentiment, yake, snowballstemmer) are installed into target/eval, once.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${KINFLOW_TEST_DATA:?}" "${KINFLOW_SCORERS:?}"
work=${KINFLOW_EVAL_WORK:-target/eval}
mkdir -p "$work"

if [ ! -x "$work/venv/bin/python" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --requirement bench/eval/requirements.txt
fi
if [ -z "${KINFLOW:-}" ]; then
    cargo build --release --quiet --package kinflow
    KINFLOW=${CARGO_TARGET_DIR:-target}/release/kinflow
fi
export KINFLOW KINFLOW_SCORERS KINFLOW_TEST_DATA
echo "cross-validated, by the trainer:"
train=(cargo run --release --quiet --package text --features training --example train_sentiment --)
"${train[@]}" "$KINFLOW_TEST_DATA/sentiment" "$work/sentiment.weights" "$work"
cmp "$work/sentiment.weights" shared/text/data/model/sentiment.weights && echo "the same bytes as the weights that ship"
"$work/venv/bin/python" bench/eval/sentiment.py "$work"
"$work/venv/bin/python" bench/eval/keywords.py "$work"
cargo run --release --quiet --package text --example speed -- "$KINFLOW_TEST_DATA/sentiment"
"$work/venv/bin/python" bench/eval/speed.py "$work"
