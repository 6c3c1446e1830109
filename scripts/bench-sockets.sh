#!/usr/bin/env bash
# As many phones on one server as it may have open files less 1,000, one fix every 4 s, with a Redis of its own: how long a fix takes into
# the index, processor and memory over the time. The report goes to OUT.
# usage: bench-sockets.sh OUT [SECONDS] [PHONES]      (release binaries must be there: make build)
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?where the report goes}
seconds=${2:-600}
ulimit -Sn "$(ulimit -Hn)"
phones=${3:-$(($(ulimit -n) - 1000))}
mkdir -p "$out"
. scripts/started.sh
. scripts/measured.sh

say_machine
say "open files a process may have" "$(ulimit -n)"
say "phones" "$phones"
redis_port=$(free_port 6390)
start "$(scripts/redis-server.sh)" --port "$redis_port" --bind 127.0.0.1 --save "" --appendonly no --dir "$work" >"$work/redis.log" 2>&1
port=$(free_port 8910)
start target/release/dispatcher serve --listen "127.0.0.1:$port" --data "$work/data" --redis "redis://127.0.0.1:$redis_port" \
  --connections-max $((phones + 500)) --demo >"$work/serve.log" 2>&1
server=${pids[-1]}
until_ready "$work/serve.log"

target/release/simulator load --target "http://127.0.0.1:$port" --seed 1 --commit "$(commit)" --phones "$phones" --riders 60 \
  --bookings-per-second 0 --duration "$seconds" --warmup 20 --drain 2 --report "$out/sockets.json" >"$out/sockets.log" 2>&1 &
loading=$!
pids+=("$loading")
until [ "$(metric donghaeng_live_staff | cut -d. -f1)" -ge "$phones" ] 2>/dev/null; do
  kill -0 "$loading" 2>/dev/null || { tail -n 40 "$out/sockets.log" >&2; exit 1; }
  sleep 1
done
sleep 20
behind=() memory=()
before=$(cpu_ticks) begun=$(ms_now)
for _ in $(seq 10); do
  sleep $((seconds / 11))
  behind+=("$(metric donghaeng_live_redis_behind)")
  memory+=("$(rss_mb)")
done
say "processor, one core is 100" "$(cpu_share $(($(cpu_ticks) - before)) $(($(ms_now) - begun)))"
say "waiting for redis, ten times" "${behind[*]}"
say "memory, ten times, MB" "${memory[*]}"
wait "$loading" || { tail -n 40 "$out/sockets.log" >&2; exit 1; }
tail -n 14 "$out/sockets.log"
