# For scripts that start servers: `. scripts/started.sh`. What `start` began is ended when the script ends, last first, each with one
# signal; `work` is a directory that goes with it.
pids=()
work=$(mktemp -d)

stop() {
  trap '' INT TERM EXIT
  local i
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill -TERM "${pids[$i]}" 2>/dev/null || true
    wait "${pids[$i]}" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# In a session of its own, so that Ctrl-C does not reach it beside the one signal that `stop` sends, each in its turn: the server drains
# while Redis is still there.
start() {
  if command -v setsid >/dev/null; then setsid "$@" & else "$@" & fi
  pids+=($!)
}
