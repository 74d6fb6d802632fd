# What is done by hand, each in one or two lines. `just ci` is the gate and writes nothing.

# Without the SDKs of clouds, which take minutes: enough for all but the providers `aws`, `azure` and `gce`.
small := "--no-default-features"

# Lists the recipes.
default:
    @just --list

# Compiles everything but the SDK.
check:
    cargo check --workspace --all-targets {{small}}

# Every lint, with warnings as errors.
lint:
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy --workspace --all-targets {{small}} -- -D warnings

# Says what `just fix` would change in the layout.
fmt:
    cargo fmt --all --check

# Every test.
test *ARGS:
    cargo test {{ARGS}}

# Tests of one package whose name contains the filter: just test-one quorate rpc
test-one PACKAGE FILTER:
    cargo test --package {{PACKAGE}} {{small}} {{FILTER}}

# The guide's walk with real processes, by a script that knows only Consul's words: just walk 20
walk RUNS="20":
    cargo build --release --bin quorate
    tests/walk.sh "${CARGO_TARGET_DIR:-target}/release/quorate" {{RUNS}}

# Cut networks, in network namespaces of their own; needs root and `ip`.
netns:
    QUORATE_NETNS=1 cargo test {{small}} --test main formation::partition -- --test-threads=1 --nocapture

# What takes minutes of waiting, side by side: just long [formation::long::moved]
long FILTER="formation::long":
    cargo test {{small}} --test main -- --ignored {{FILTER}} --test-threads=16

# The providers before real programs (BIND, moto, Prometheus, a Kubernetes API server), which it gets into a cache folder first.
stand-ins *ARGS:
    .ci/stand-ins {{ARGS}}

# One season of simulated weather, told line by line: just simulate 7
simulate SEED:
    cargo run --release -p quorate-simulation -- {{SEED}}

# One cold start under a source that shows the others late, told line by line: just simulate-cold 7
simulate-cold SEED:
    cargo run --release -p quorate-simulation -- --cold {{SEED}}

# Many seasons and cold starts, each in a process of its own; prints what broke: just simulate-many 2000 [FIRST]
simulate-many N="200" FIRST="0":
    cargo run --release -p quorate-simulation -- --many {{N}} {{FIRST}}

# The program as it is handed out: 24 MB with all SDKs, where `cargo build --release` makes 36.
dist *ARGS:
    cargo build --profile dist --bin quorate {{ARGS}}

# How long forming and healing take: medians of 20 runs with real processes.
bench *ARGS:
    cargo bench {{small}} --bench formation -- {{ARGS}}

# 200 clients of the program as it is handed out, which start at once against three servers; needs 4 GiB: just herd 3
herd *ARGS:
    cargo bench --profile dist {{small}} --bench herd -- {{ARGS}}

# Three servers and 50 clients: joining, failing, healing, restarting, stopping: just life 3 --beside PROGRAM
life *ARGS:
    cargo bench {{small}} --bench life -- {{ARGS}}

# From the mending of a fault until all are ready: just cure 3 --only port
cure *ARGS:
    cargo bench {{small}} --bench cure -- {{ARGS}}

# The searches over every interleaving, with the larger bounds too: 13 million states, 3 minutes of one core after the build, 4 GB.
model:
    QUORATE_MODEL=large cargo test --release {{small}} --test main model

# Any bytes as config strings; needs a nightly toolchain and `cargo install cargo-fuzz`: just fuzz 300
fuzz SECONDS="60":
    mkdir -p "${CARGO_TARGET_DIR:-target}/fuzz-corpus"
    cargo +nightly fuzz run --sanitizer none query "${CARGO_TARGET_DIR:-target}/fuzz-corpus" fuzz/corpus/query -- -max_total_time={{SECONDS}}

# The documentation, with warnings as errors.
doc *ARGS:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps {{ARGS}}

# Licences, banned crates, duplicates, sources, and known flaws (asks the network for those).
deny:
    cargo deny check

# Writes: layout, and what lints can mend by themselves.
fix:
    cargo fmt --all
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

# The gate.
ci:
    .ci/run
