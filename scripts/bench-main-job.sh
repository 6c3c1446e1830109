#!/usr/bin/env bash
# The main job under load, on a real road network and with a Redis of its own: import, start, memory, 2,000 phones with bookings,
# 5,000 phones without. Prints the figures and leaves the simulator's reports in OUT.
# usage: bench-main-job.sh OUT [EXTRACT.osm.pbf]      (release binaries must be there: make build)
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?where the reports go}
extract=${2:-${DONGHAENG_SEOUL_DATA:-../shared/data}/roads/seoul-drive-2025-05.osm.pbf}
[ -f "$extract" ] || { echo "no extract at $extract: give one as the second argument" >&2; exit 2; }
mkdir -p "$out"
. scripts/started.sh
. scripts/measured.sh

say_machine
begun=$(ms_now)
target/release/dispatcher import-map "$extract" "$work/map.graph" >"$out/import.log" 2>&1
say "import of the extract" "$(($(ms_now) - begun)) ms"

redis_port=$(free_port 6390)
start "$(scripts/redis-server.sh)" --port "$redis_port" --bind 127.0.0.1 --save "" --appendonly no --dir "$work" >"$work/redis.log" 2>&1
port=$(free_port 8910)
begun=$(ms_now)
start target/release/dispatcher serve --listen "127.0.0.1:$port" --data "$work/data" --redis "redis://127.0.0.1:$redis_port" \
  --map "$work/map.graph" --demo >"$work/serve.log" 2>&1
server=${pids[-1]}
until_ready "$work/serve.log"
say "start of the process to ready" "$(($(ms_now) - begun)) ms"
sleep 20
say "memory at rest, 20 s after ready" "$(rss_mb) MB"

load() { target/release/simulator load --target "http://127.0.0.1:$port" --map "$work/map.graph" --seed 1 \
  --commit "$(commit)" "$@"; }
load --phones 2000 --bookings-per-second 10 --duration 60 --prompt-answers --report "$out/2000-phones.json" >"$out/2000-phones.log" 2>&1 ||
  { tail -n 40 "$out/2000-phones.log" >&2; exit 1; }
say "report of 2,000 phones, 10 bookings a second" "$out/2000-phones.json"

load --phones 5000 --bookings-per-second 0 --duration 60 --warmup 10 --drain 2 --report "$out/5000-phones.json" >"$out/5000-phones.log" 2>&1 &
loading=$!
pids+=("$loading")
until [ "$(metric donghaeng_live_staff | cut -d. -f1)" -ge 5000 ] 2>/dev/null; do
  kill -0 "$loading" 2>/dev/null || break
  sleep 1
done
sleep 10
behind=() memory=()
before=$(cpu_ticks) begun=$(ms_now)
for _ in $(seq 8); do
  sleep 5
  behind+=("$(metric donghaeng_live_redis_behind)")
  memory+=("$(rss_mb)")
done
ticks=$(($(cpu_ticks) - before)) took=$(($(ms_now) - begun))
say "processor, 5,000 phones, one core is 100" "$(cpu_share $ticks $took)"
say "waiting for redis, every 5 s" "${behind[*]}"
say "memory, every 5 s, MB" "${memory[*]}"
wait "$loading" || { tail -n 40 "$out/5000-phones.log" >&2; exit 1; }
say "report of 5,000 phones" "$out/5000-phones.json"

# Sockets that only wait: a fresh server with so many people enrolled beside another on which they have opened their sockets too.
fresh_server() {
  port=$(free_port 8950)
  start target/release/dispatcher serve --listen "127.0.0.1:$port" --data "$work/$1" --map "$work/map.graph" --demo >"$work/$1.log" 2>&1
  server=${pids[-1]}
  until_ready "$work/$1.log"
}
enrol() {
  local body="{\"staff\":$1,\"riders\":60,\"supervisors\":1}"
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'POST /v1/demo/enrol HTTP/1.0\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s' "${#body}" "$body" >&3
  cat <&3 >/dev/null
  exec 3>&-
}
for phones in 2500 5000 7500; do
  fresh_server "enrolled-$phones"
  enrol "$phones"
  sleep 15
  enrolled=$(rss_kb)
  fresh_server "idle-$phones"
  load --phones "$phones" --riders 60 --fix-every 0 --bookings-per-second 0 --duration 20 --warmup 1 --drain 1 >"$out/idle-$phones.log" 2>&1 &
  loading=$!
  pids+=("$loading")
  until [ "$(metric donghaeng_sockets | cut -d. -f1)" -ge "$phones" ] 2>/dev/null; do
    kill -0 "$loading" 2>/dev/null || { tail -n 40 "$out/idle-$phones.log" >&2; exit 1; }
    sleep 0.2
  done
  sleep 15
  say "memory of one of $phones idle sockets" "$(awk -v a="$enrolled" -v b="$(rss_kb)" -v n="$phones" 'BEGIN { printf "%.1f KiB", (b - a) / n }')"
  wait "$loading" || { tail -n 40 "$out/idle-$phones.log" >&2; exit 1; }
done
