#!/usr/bin/env bash
# Fuzzes each target for so many seconds, from its seeds: `fuzz/run.sh SECONDS [TARGET...]`.
#
# Needs no nightly toolchain and no cargo-fuzz: a stable compiler writes the coverage libFuzzer steers by, and a C++
# compiler builds libFuzzer. A panic, an input that takes 10 s and one that takes 1 GiB are findings alike.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:?"usage: fuzz/run.sh SECONDS [TARGET...]"}
shift
targets=("$@")
if [ $# -eq 0 ]; then
    for file in libfuzzer/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

# What cargo-fuzz passes with `--sanitizer none`.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
host=$(rustc -vV | sed -n 's/^host: //p')
folder=$(realpath -m "${CARGO_TARGET_DIR:-../target}")/fuzz
RUSTFLAGS=$coverage cargo build --manifest-path libfuzzer/Cargo.toml --release --quiet --target "$host" --target-dir "$folder" --bins

failed=()
for target in "${targets[@]}"; do
    binary=$folder/$host/release/$target
    corpus=$folder/corpus/$target
    artifacts=$folder/artifacts/$target/
    log=$folder/$target.log
    mkdir -p "$corpus" "$artifacts"
    # New inputs go to the first folder named; the seeds are read only.
    if "$binary" "$corpus" "seeds/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -max_len=16384 -artifact_prefix="$artifacts" -print_final_stats=1 >"$log" 2>&1; then
        echo "fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, none of them a finding"
        continue
    fi
    failed+=("$target")
    grep -A 4 -E 'panicked at|ERROR: libFuzzer' "$log" >&2 || tail -n 20 "$log" >&2
    echo "fuzz $target: FOUND SOMETHING, all it said is in $log; replay with" >&2
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    echo "    $binary ${input:-"$corpus" "seeds/$target"} -timeout=10 -rss_limit_mb=1024" >&2
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "fuzz targets with a finding: ${failed[*]}" >&2
    exit 1
fi
