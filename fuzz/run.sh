#!/bin/sh
# Fuzzes one reader with libFuzzer on the stable compiler: fuzz/run.sh osm|graph_file [seconds [option…]]. No address checks: that needs
# a nightly compiler; `unsafe` stands in one file of `geo` only (road/column.rs). What is found lies in fuzz/found/.
set -eu
cd "$(dirname "$0")"
target=${1:?osm or graph_file}
seconds=${2:-600}
[ $# -lt 2 ] && shift $# || shift 2
corpus=target/corpus/$target
mkdir -p "$corpus" found
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1 --cfg fuzzing"
host=$(rustc -vV | sed -n 's/^host: //p')
# With --target the flags stay off build scripts.
cargo build --release --target "$host" --bin "$target"
RUSTFLAGS="" cargo run --release --bin seeds -- seeds/square.osm target/square.body
if [ "$target" = osm ]; then cp seeds/*.osm "$corpus/"; else cp target/square.body seeds/*.body "$corpus/"; fi
exec "target/$host/release/$target" "$corpus" -max_total_time="$seconds" -max_len=65536 -timeout=10 \
    -rss_limit_mb=1024 -malloc_limit_mb=512 -artifact_prefix=found/ "$@"
