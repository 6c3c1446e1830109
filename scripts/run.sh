#!/usr/bin/env bash
# Starts the service with its demo fleet (and, when asked, a Redis of its own), and stops what it started on Ctrl-C.
# usage: run.sh PORT DATA_DIR [redis]
set -euo pipefail
cd "$(dirname "$0")/.."
port=$1 data=$2 mode=${3:-}
. scripts/started.sh
bin=${DONGHAENG_BIN:-target/release}

redis=()
if [ "$mode" = redis ]; then
  server=$(scripts/redis-server.sh)
  for redis_port in $(seq 6390 6440); do
    (exec 3<>"/dev/tcp/127.0.0.1/$redis_port") 2>/dev/null || break
  done
  # Persistence is off: no history of movements reaches the disk.
  start "$server" --port "$redis_port" --bind 127.0.0.1 --save "" --appendonly no --dir "$work" >"$work/redis.log" 2>&1
  redis=(--redis "redis://127.0.0.1:$redis_port")
fi

mkdir -p "$data"
# A line for each request of the fleet would push the addresses and codes off the screen.
export DONGHAENG_LOG=${DONGHAENG_LOG:-info,dispatcher::http::log=warn}
start "$bin/dispatcher" serve --listen "127.0.0.1:$port" --data "$data" "${redis[@]}" --demo
server_pid=${pids[-1]}
for _ in $(seq 1 300); do
  kill -0 "$server_pid" 2>/dev/null || { wait "$server_pid" || exit $?; exit 1; }
  if curl -fs "http://127.0.0.1:$port/readyz" >/dev/null 2>&1 || \
     { ! command -v curl >/dev/null && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }; then break; fi
  sleep 0.2
done
start "$bin/simulator" demo --target "http://127.0.0.1:$port"
wait "$server_pid"
