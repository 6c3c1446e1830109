#!/usr/bin/env bash
# Everything that must hold, on a bare machine: gets what is missing, starts nothing that outlives it.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { printf '\n== %s (%s)\n' "$*" "$(date -u +%H:%M:%S)"; }

step "tools"
DONGHAENG_REDIS_SERVER=$(scripts/redis-server.sh)
export DONGHAENG_REDIS_SERVER
DONGHAENG_VALKEY_SERVER=$(scripts/valkey-server.sh)
export DONGHAENG_VALKEY_SERVER
DONGHAENG_CHROMIUM=$(scripts/chromium.sh)
export DONGHAENG_CHROMIUM
# One oracle of the travel times is C++.
if ! command -v c++ >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get install -y --no-install-recommends g++ || { apt-get update && apt-get install -y --no-install-recommends g++; }
  else
    echo "no C++ compiler found: install g++" >&2
    exit 1
  fi
fi
echo "redis: $DONGHAENG_REDIS_SERVER"
echo "valkey: $DONGHAENG_VALKEY_SERVER"
echo "chromium: $DONGHAENG_CHROMIUM"
if [ -d ../shared/data/roads ]; then
  echo "Seoul road network: found"
else
  echo "Seoul road network: absent, tests that need it say so and are skipped"
fi

step "pages: install, types, unit tests, build"
(cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check && npm test --silent && npm run --silent build)
touch web/dist/.built

step "format and lints"
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

step "build"
cargo build --workspace --bins --locked

step "tests: unit, contract suites, end to end, crash, layering, tidy, privacy, browser"
said=target/tests.log
if cargo nextest --version >/dev/null 2>&1; then
  # All of it into the file; shown is what did not simply pass.
  cargo nextest run --workspace --locked --no-fail-fast --status-level "${STATUS_LEVEL:-pass}" 2>&1 | tee "$said" | grep -av " PASS \["
  cargo test --workspace --locked --doc --quiet
else
  cargo test --workspace --locked --no-fail-fast -- --show-output 2>&1 | tee "$said"
fi

step "tests by suite"
scripts/suites.sh "$said"

step "exactness: travel times held against the oracles"
scripts/exactness.sh "$said"

# With a seed and so many runs it is the same in every run of the suite: what it finds is there for whoever looks.
step "fuzz: the readers of extracts and map files, a short run (longer: make fuzz)"
for target in osm graph_file; do
  fuzz/run.sh "$target" 120 -seed=1 -runs=300000 >target/fuzz.log 2>&1 || { tail -n 60 target/fuzz.log; exit 1; }
  grep -a "^Done" target/fuzz.log | sed "s/^/$target: /"
done

step "documentation"
RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps --locked --quiet

step "all green"
