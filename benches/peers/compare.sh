#!/bin/sh
# The side-by-side table, where the peers are installed: compare.sh POINTS.json THEIRS.json
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -d "$here/.data" ]; then
  echo "OSRM and Valhalla are not installed: make bench-peers-setup"
  exit 0
fi
if [ ! -f "$1" ]; then
  echo "the Seoul extract is not there, so there is nothing to compare on"
  exit 0
fi
exec "$here/.venv/bin/python" "$here/compare.py" "$@"
