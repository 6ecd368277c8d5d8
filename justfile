# What a developer types; `.ci/run` is what must pass.

# The list of recipes
default:
    @just --list

# Runs the pipeline on made-up data until Ctrl-C
run *arguments:
    cargo kinflow run {{ arguments }}

# Everything a change must pass
ci:
    bash .ci/run

# The tests alone
test:
    cargo test --workspace

# Formats and lints
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- --deny warnings

# Lints the templates as written and as translated, checks what no lint sees, and makes the stack in a made-up account
template:
    python3 .ci/template.py
    python3 .ci/stack.py
    python3 .ci/terraform.py

# Builds every function as a deployment does, which is too long for `.ci/run`: 8 minutes of processor time at first, seconds
# then. `just sam-build arm64` needs the Rust target of that architecture
sam-build architecture="x86_64":
    sam build --parameter-overrides Architecture={{ architecture }}

# Builds a transform for arm64 and lets it answer one event, under qemu on other processors: 4 minutes of processor time at
# first. Needs cargo-lambda and the Rust target aarch64-unknown-linux-gnu, and for qemu the packages qemu-user-static and
# libc6-arm64-cross
arm64:
    cargo lambda build --release --package transform --arm64 --lambda-dir target/dist-built/arm64
    python3 .ci/arm64.py target/dist-built/arm64/transform/bootstrap

# Makes a release in target/dist: the functions' zips with a template that takes them, the command where it is for this
# machine, checksums and a list of what is inside. `just dist arm64`; needs cargo-lambda
dist architecture="x86_64":
    cargo lambda build --release --package producer --package consumer --package transform \
        --{{ replace(architecture, "_", "-") }} --lambda-dir target/dist-built/{{ architecture }}
    [ "$(uname -m | sed s/aarch64/arm64/)" != "{{ architecture }}" ] || \
        { cargo build --release --package kinflow && cp target/release/kinflow target/dist-built/{{ architecture }}/; }
    rm -rf target/dist
    python3 .ci/dist.py target/dist {{ architecture }}=target/dist-built/{{ architecture }}

# Licences, sources and advisories of the dependencies; needs cargo-deny and a network
audit:
    cargo deny check

# Prints the runner's figures with their limits
figures:
    cargo build --package kinflow
    python3 bench/figures.py

# Benches of the hot paths
bench:
    cargo bench --workspace --benches

# Text scores beside the packages people use; KINFLOW_TEST_DATA and KINFLOW_SCORERS name data and scorers
eval:
    bash bench/eval/run.sh

# Lets libFuzzer look for inputs where a law does not hold, so many seconds each; they are kept under target/fuzz
fuzz seconds="60" *targets:
    bash fuzz/run.sh {{ seconds }} {{ targets }}

# The consumer under seeded faults, in one process and through the runner, long; `cargo test` runs a short form
chaos:
    KINFLOW_CHAOS_SEEDS=5000 cargo test --package consumer --test it -- faults:: processes:: --nocapture

# The runner killed a thousand times in one folder; `cargo test` kills it twenty times
kills:
    KINFLOW_KILLS=1000 cargo test --package kinflow --test it -- killed_runs:: --nocapture

# A follower of growing, rotated files killed a thousand times; `cargo test` kills it twenty times
follow-kills:
    KINFLOW_FOLLOW_KILLS=1000 cargo test --package kinflow --test it -- follow::no_line --nocapture

# Prints how many lines a second `kinflow put --follow` puts on one core, with its limit
follow-speed:
    cargo build --release --package kinflow
    python3 bench/follow.py

# Prints what the page of a run costs in a browser while 100,000 records a minute pass, with its limits
page-cost:
    cargo build --release --package kinflow --package producer --package consumer --package transform
    npm install --prefix tests
    node bench/page.mjs

# Prints what the runner takes under load, with its limits: 5,000 records/s each way for minutes, 1 GB by put and --input, a frozen consumer
load *parts:
    cargo build --release --package kinflow --package producer --package consumer --package transform
    python3 bench/load.py {{ parts }}
