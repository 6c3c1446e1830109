#!/bin/sh
# Map matching beside OSRM's, where the peers are installed: match.sh TRACES.json
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -d "$here/.data" ]; then
  echo "OSRM is not installed: make bench-peers-setup"
  exit 0
fi
if [ ! -f "$1" ]; then
  echo "the Seoul extract is not there, so there is nothing to compare on"
  exit 0
fi
exec "$here/.venv/bin/python" "$here/match.py" "$@"
