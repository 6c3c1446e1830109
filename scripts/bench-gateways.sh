#!/usr/bin/env bash
# Growth with gateways: one engine on a Redis Cluster of three primaries, and 0, 1, 2 and 4 gateways in front of it, under the same phones.
# Prints processor time a fix of the engine's node, of all gateways and of each primary, the fullest primary's share, and how long a fix
# takes to a console. Simulator, Redis, engine and gateways share this machine: figures compare rows of one run.
# usage: bench-gateways.sh OUT      (release binaries must be there: make build; PHONES=2000 EVERY=1 SECONDS_MEASURED=30 GATEWAYS="0 1 2 4")
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?where the reports go}
phones=${PHONES:-2000} every=${EVERY:-1} measured=${SECONDS_MEASURED:-30} bin=${BIN:-target/release}
[ "$measured" -ge 10 ] || { echo "SECONDS_MEASURED must be at least 10" >&2; exit 2; }
mkdir -p "$out"
. scripts/started.sh
. scripts/measured.sh

get() { exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET %s HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n' "$2" >&3 && cat <&3; exec 3>&-; }
redis() { local port=$1; shift; exec 3<>"/dev/tcp/127.0.0.1/$port" && printf '%s\r\nQUIT\r\n' "$*" >&3 && tr -d '\r' <&3; exec 3>&-; }
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
sum() { local total=0 pid; for pid in "$@"; do total=$((total + $(ticks "$pid"))); done; echo $total; }
fixes() { local port; for port in "$@"; do get "$port" /metrics; done | awk '/^donghaeng_fixes_total/ { n += $2 } END { printf "%d", n }'; }
until_so() { local i; for i in $(seq 600); do if eval "$1"; then return; fi; sleep 0.1; done; echo "not within 60 s: $1" >&2; tail -n 5 "$work"/*.log >&2; exit 1; }

say_machine
say "phones, seconds between two fixes of one" "$phones, $every"

primaries=() ports=()
for i in 0 1 2; do
  port=$(free_port $((6810 + i * 10)))
  mkdir -p "$work/redis-$i"
  start "$(scripts/redis-server.sh)" --port "$port" --bind 127.0.0.1 --save "" --appendonly no --dir "$work/redis-$i" --cluster-enabled yes >"$work/redis-$i.log" 2>&1
  primaries+=("${pids[-1]}") ports+=("$port")
  until_so "redis $port PING 2>/dev/null | grep -q PONG"
  redis "$port" CLUSTER ADDSLOTSRANGE $((16384 * i / 3)) $((16384 * (i + 1) / 3 - 1)) >/dev/null
  redis "$port" CLUSTER SET-CONFIG-EPOCH $((i + 1)) >/dev/null
done
for port in "${ports[@]:1}"; do redis "${ports[0]}" CLUSTER MEET 127.0.0.1 "$port" >/dev/null; done
for port in "${ports[@]}"; do until_so "redis $port CLUSTER INFO | grep -q cluster_state:ok"; done
cluster="redis+cluster://$(printf '127.0.0.1:%s,' "${ports[@]}" | sed 's/,$//')"
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$work/secret"

hz=$(getconf CLK_TCK)
printf '%-9s %9s %9s %9s   %-23s %7s   %s\n' gateways fixes/s "engine us" "gates us" "each primary us" fullest "fix to console p50 / p99 ms"
for count in ${GATEWAYS:-0 1 2 4}; do
  port=$(free_port 8910) inner=$(free_port 9320)
  first=${#pids[@]}
  start "$bin/dispatcher" serve --listen "127.0.0.1:$port" --data "$work/data-$count" --redis "$cluster" --demo --log warn \
    --gateway-listen "127.0.0.1:$inner" --gateway-secret-file "$work/secret" >"$work/serve-$count.log" 2>&1
  engine=${pids[-1]}
  until_so "get $port /readyz 2>/dev/null | grep -q '\"ready\":true'"
  doors=() gates=() targets=
  for i in $(seq "$count"); do
    door=$(free_port $((9410 + i * 10)))
    start "$bin/dispatcher" gateway --listen "127.0.0.1:$door" --upstream "http://127.0.0.1:$inner" --secret-file "$work/secret" \
      --redis "$cluster" --log warn >"$work/gateway-$count-$i.log" 2>&1
    gates+=("${pids[-1]}") doors+=("$door") targets="$targets,http://127.0.0.1:$door"
    until_so "get $door /readyz 2>/dev/null | grep -q '\"ready\":true'"
  done
  [ "$count" -gt 0 ] || targets=",http://127.0.0.1:$port"
  "$bin/simulator" load --target "${targets#,}" --phones "$phones" --riders 1 --bookings-per-second 0 --fix-every "$every" \
    --warmup 5 --duration "$measured" --drain 1 --seed 1 --report "$out/$count-gateways.json" >"$out/$count-gateways.log" 2>&1 &
  loading=$!
  pids+=("$loading")
  everybody() { for door in "$port" "${doors[@]}"; do get "$door" /metrics; done | awk -v n="$phones" '/^donghaeng_live_staff/ { if ($2 >= n) ok = 1 } END { exit !ok }'; }
  until_so "everybody || ! kill -0 $loading 2>/dev/null"
  sleep 5
  shards() { local p; for p in "${primaries[@]}"; do ticks "$p"; done; }
  bytes() { local p; for p in "${ports[@]}"; do redis "$p" INFO stats | awk -F: '/^total_net_input_bytes/ { print $2 }'; done; }
  f0=$(fixes "$port" "${doors[@]}") e0=$(ticks "$engine") g0=$(sum "${gates[@]}") s0=$(shards) b0=$(bytes) t0=$(date +%s%3N)
  sleep $((measured - 8))
  f1=$(fixes "$port" "${doors[@]}") e1=$(ticks "$engine") g1=$(sum "${gates[@]}") s1=$(shards) b1=$(bytes) t1=$(date +%s%3N)
  wait "$loading" || { tail -n 40 "$out/$count-gateways.log" >&2; exit 1; }
  latency=$(tr -d ' \n' <"$out/$count-gateways.json" | grep -o '"position_to_map_ms":{[^}]*}' | sed 's/.*"p50":\([0-9.]*\).*"p99":\([0-9.]*\).*/\1 \2/')
  paste <(echo "$s0") <(echo "$s1") <(echo "$b0") <(echo "$b1") | awk -v n=$((f1 - f0)) -v ms=$((t1 - t0)) -v hz="$hz" -v e=$((e1 - e0)) \
    -v g=$((g1 - g0)) -v gates="$count" -v l="$latency" '
    { us[NR] = ($2 - $1) / hz * 1e6 / n; b = $4 - $3; all += b; if (b > most) most = b }
    END { split(l, ms_of, " "); printf "%-9s %9.0f %9.1f %9.1f   %-23s %6.0f%%   %.1f / %.1f\n", gates, n / ms * 1000, e / hz * 1e6 / n,
      g / hz * 1e6 / n, sprintf("%.1f %.1f %.1f", us[1], us[2], us[3]), 100 * most / all, ms_of[1], ms_of[2] }'
  # Each with one signal, the engine's node last.
  for ((i = ${#pids[@]} - 1; i >= first; i--)); do
    kill -TERM "${pids[$i]}" 2>/dev/null || true
    wait "${pids[$i]}" 2>/dev/null || true
    unset "pids[$i]"
  done
done
