# For scripts that measure a server: `. scripts/started.sh; . scripts/measured.sh`. They set `port` and `server` (its process).

ms_now() { date +%s%3N; }
free_port() { for p in $(seq "$1" $(($1 + 400))); do (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }; done; }
get() { exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET %s HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n' "$1" >&3 && cat <&3; exec 3>&-; }
metric() { get /metrics | awk -v name="$1" '$1 == name { print $2 }'; }
rss_kb() { awk '/VmRSS/ { print $2 }' "/proc/$server/status"; }
rss_mb() { echo $(($(rss_kb) / 1024)); }
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }
# Of one core, from ticks and milliseconds.
cpu_share() { awk -v t="$1" -v hz="$(getconf CLK_TCK)" -v ms="$2" 'BEGIN { printf "%.1f %%", t / hz / ms * 1e5 }'; }
say() { printf '%-46s %s\n' "$1" "$2"; }
commit() { git rev-parse --short HEAD 2>/dev/null || echo unknown; }
say_machine() {
  say "machine" "$(nproc) x $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), load $(cut -d' ' -f1 /proc/loadavg)"
  say "commit" "$(commit)"
}
# Until the server whose log is given is ready; ends the script if it ended.
until_ready() {
  until get /readyz 2>/dev/null | grep -q '"ready":true'; do
    kill -0 "$server" 2>/dev/null || { cat "$1" >&2; exit 1; }
    sleep 0.01
  done
}
