#!/usr/bin/env bash
# As many phones on one server as it may have open files less 1,000, one fix every 4 s, with a Redis of its own: how long a fix takes into
# the index, processor of the server, of its field (travel times) and of Redis for each fix, and memory over the time. The report goes to OUT.
# usage: [SCREENS=1] bench-sockets.sh OUT [SECONDS] [PHONES]      (release binaries must be there: make build)
# A screen is told of everybody; SCREENS=0 shows what phones alone cost.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?where the report goes}
seconds=${2:-600}
ulimit -Sn "$(ulimit -Hn)"
phones=${3:-$(($(ulimit -n) - 1000))}
screens=${SCREENS:-1}
mkdir -p "$out"
. scripts/started.sh
. scripts/measured.sh

say_machine
say "open files a process may have" "$(ulimit -n)"
say "phones, and screens that see everybody" "$phones, $screens"
redis_port=$(free_port 6390)
start "$(scripts/redis-server.sh)" --port "$redis_port" --bind 127.0.0.1 --save "" --appendonly no --dir "$work" >"$work/redis.log" 2>&1
redis=${pids[-1]}
port=$(free_port 8910)
start target/release/dispatcher serve --listen "127.0.0.1:$port" --data "$work/data" --redis "redis://127.0.0.1:$redis_port" \
  --connections-max $((phones + 500)) --demo >"$work/serve.log" 2>&1
server=${pids[-1]}
until_ready "$work/serve.log"

target/release/simulator load --target "http://127.0.0.1:$port" --seed 1 --commit "$(commit)" --phones "$phones" --riders 60 --supervisors "$screens" \
  --bookings-per-second 0 --duration "$seconds" --warmup 20 --drain 2 --report "$out/sockets.json" >"$out/sockets.log" 2>&1 &
loading=$!
pids+=("$loading")
until [ "$(metric donghaeng_live_staff | cut -d. -f1)" -ge "$phones" ] 2>/dev/null; do
  kill -0 "$loading" 2>/dev/null || { tail -n 40 "$out/sockets.log" >&2; exit 1; }
  sleep 1
done
sleep 20
behind=() memory=()
# Fixes, the server's ticks and those of them in the kernel, seconds of its field, Redis's ticks and bytes in.
costs() {
  local fixes field ticks bytes kernel
  kernel=$(awk '{ print $15 }' "/proc/$server/stat")
  fixes=$(get /metrics | awk '/^donghaeng_fixes_total/ { n += $2 } END { printf "%d", n }')
  field=$(metric donghaeng_field_cpu_seconds_sum)
  ticks=$(awk '{ print $14 + $15 }' "/proc/$redis/stat")
  bytes=$(exec 3<>"/dev/tcp/127.0.0.1/$redis_port" && printf 'INFO stats\r\nQUIT\r\n' >&3 && tr -d '\r' <&3 | awk -F: '$1 == "total_net_input_bytes" { print $2 }')
  echo "$fixes $(cpu_ticks) $kernel ${field:-0} $ticks $bytes"
}
before=$(cpu_ticks) begun=$(ms_now) spent=$(costs)
for _ in $(seq 10); do
  sleep $((seconds / 11))
  behind+=("$(metric donghaeng_live_redis_behind)")
  memory+=("$(rss_mb)")
done
say "processor, one core is 100" "$(cpu_share $(($(cpu_ticks) - before)) $(($(ms_now) - begun)))"
echo "$spent $(costs)" | awk -v hz="$(getconf CLK_TCK)" -v ms=$(($(ms_now) - begun)) '{
  n = $7 - $1; us = 1e6 / n; label = "%-46s "
  printf label "%.0f\n", "fixes a second", n / ms * 1000
  printf label "%.1f us of the server: %.1f in the kernel, %.1f of its field; %.1f us and %.0f bytes of redis\n", "a fix",
    ($8 - $2) / hz * us, ($9 - $3) / hz * us, ($10 - $4) * us, ($11 - $5) / hz * us, ($12 - $6) / n }'
say "waiting for redis, ten times" "${behind[*]}"
say "memory, ten times, MB" "${memory[*]}"
wait "$loading" || { tail -n 40 "$out/sockets.log" >&2; exit 1; }
tail -n 14 "$out/sockets.log"
