#!/usr/bin/env bash
# Live positions beside Redis: queries, updates and memory of Redis GEO in two ways, H3 hashes in Redis, a scan and ours, in one run.
# The Redis is started here, on a free port of the loopback, without persistence, and ended with the script.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/started.sh
. scripts/measured.sh

cargo bench --locked --bench live --no-run
port=$(free_port 6790)
start "$(scripts/redis-server.sh)" --port "$port" --bind 127.0.0.1 --save "" --appendonly no --dir "$work" >"$work/redis.log" 2>&1
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "${pids[-1]}" 2>/dev/null || { cat "$work/redis.log" >&2; exit 1; }
  sleep 0.05
done
cargo bench --locked --bench live -- --redis "redis://127.0.0.1:$port"
