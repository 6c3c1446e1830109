#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests: the environment's, one on the PATH, else Debian's (as root).
set -euo pipefail
if [ -n "${DONGHAENG_CHROMIUM:-}" ]; then
  echo "$DONGHAENG_CHROMIUM"
  exit 0
fi
find_one() {
  local name
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" && return 0
  done
  return 1
}
hangul() { [ "$(fc-list :lang=ko 2>/dev/null | head -n 1)" != "" ]; }
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && { ! find_one >/dev/null || ! hangul; }; then
  packages=(chromium fonts-noto-cjk)
  { apt-get install -y --no-install-recommends "${packages[@]}" \
    || { apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"; }; } >&2
fi
find_one || {
  echo "no Chromium found: install chromium, or set DONGHAENG_CHROMIUM to its path" >&2
  exit 1
}
